#pragma once

#include <cstddef>
#include <cstdint>

namespace recurd::bench::ort {

// What the benchmark calls of ONNX Runtime's C API, by place in the table of functions that OrtGetApiBase gives.
// Entries are only ever added behind the last one, so a place holds in every later version (onnxruntime_c_api.h).
// A function returns nullptr or what went wrong, which its caller releases. Any version from 4 on has all of these.

inline constexpr uint32_t kApiVersion = 14;
inline constexpr int kFloat = 1;  // ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT
inline constexpr int kLogErrors = 3, kDeviceAllocator = 0, kDefaultMemory = 0, kSequential = 0;

// Opaque to their users.
struct Status;
struct Env;
struct SessionOptions;
struct Session;
struct MemoryInfo;
struct Value;
struct RunOptions;
struct IoBinding;

struct ApiBase {
  const void* const* (*get_api)(uint32_t version);  // nullptr: newer than the library
  const char* (*get_version)();
};

// One entry: where it stands and what it is.
template <size_t kPlace, typename Function>
struct Entry;
template <size_t kPlace, typename Result, typename... Arguments>
struct Entry<kPlace, Result(Arguments...)> {
  const void* const* table;
  Result operator()(Arguments... arguments) const {
    return reinterpret_cast<Result (*)(Arguments...)>(const_cast<void*>(table[kPlace]))(arguments...);
  }
};

struct Api {
  const void* const* table;
  Entry<2, const char*(const Status*)> GetErrorMessage{table};
  Entry<3, Status*(int level, const char* log_id, Env** out)> CreateEnv{table};
  Entry<8, Status*(const Env*, const void* model, size_t size, const SessionOptions*, Session** out)>
      CreateSessionFromArray{table};
  Entry<10, Status*(SessionOptions** out)> CreateSessionOptions{table};
  Entry<13, Status*(SessionOptions*, int mode)> SetSessionExecutionMode{table};
  Entry<24, Status*(SessionOptions*, int threads)> SetIntraOpNumThreads{table};
  Entry<25, Status*(SessionOptions*, int threads)> SetInterOpNumThreads{table};
  Entry<49,
        Status*(const MemoryInfo*, void* data, size_t bytes, const int64_t* shape, size_t rank, int type, Value** out)>
      CreateTensorWithData{table};
  Entry<69, Status*(int allocator, int memory, MemoryInfo** out)> CreateCpuMemoryInfo{table};
  Entry<92, void(Env*)> ReleaseEnv{table};
  Entry<93, void(Status*)> ReleaseStatus{table};
  Entry<94, void(MemoryInfo*)> ReleaseMemoryInfo{table};
  Entry<95, void(Session*)> ReleaseSession{table};
  Entry<96, void(Value*)> ReleaseValue{table};
  Entry<100, void(SessionOptions*)> ReleaseSessionOptions{table};
  Entry<133, Status*(Session*, const RunOptions*, const IoBinding*)> RunWithBinding{table};
  Entry<134, Status*(Session*, IoBinding** out)> CreateIoBinding{table};
  Entry<135, void(IoBinding*)> ReleaseIoBinding{table};
  Entry<136, Status*(IoBinding*, const char* name, const Value*)> BindInput{table};
  Entry<137, Status*(IoBinding*, const char* name, const Value*)> BindOutput{table};
};

}  // namespace recurd::bench::ort
