#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "proto/inference/grpc_predict_v2.pb.h"

namespace recurd::kserve {

// Requests to the fake pipeline's model "adder" (y = running sum of x), and what their answers hold.

inline std::string Bytes(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

inline std::vector<float> Floats(const std::string& bytes) {
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

inline void AddInput(inference::ModelInferRequest* request, const std::string& name, std::vector<int64_t> shape,
                     const std::vector<float>& values) {
  auto* input = request->add_inputs();
  input->set_name(name);
  input->set_datatype("FP32");
  input->mutable_shape()->Assign(shape.begin(), shape.end());
  request->add_raw_input_contents(Bytes(values));
}

// A whole sequence, or with one of those below some steps of one. Only the output "y" is wanted.
inline inference::ModelInferRequest Steps(const std::vector<float>& x) {
  inference::ModelInferRequest request;
  request.set_model_name("adder");
  AddInput(&request, "x", {static_cast<int64_t>(x.size()), 1, 1}, x);
  request.add_outputs()->set_name("y");
  return request;
}

inline inference::InferParameter& Parameter(inference::ModelInferRequest* request, const std::string& name) {
  return (*request->mutable_parameters())[name];
}

struct Flags {
  bool start = false, end = false;
};
inline constexpr Flags kStart = {.start = true}, kEnd = {.end = true}, kBoth = {.start = true, .end = true};

inline inference::ModelInferRequest Of(inference::InferParameter id, const std::vector<float>& x, Flags flags = {}) {
  inference::ModelInferRequest request = Steps(x);
  Parameter(&request, "sequence_id") = std::move(id);
  Parameter(&request, "sequence_start").set_bool_param(flags.start);
  Parameter(&request, "sequence_end").set_bool_param(flags.end);
  return request;
}

inline inference::InferParameter Text(const std::string& text) {
  inference::InferParameter id;
  id.set_string_param(text);
  return id;
}
inline inference::InferParameter Int(int64_t number) {
  inference::InferParameter id;
  id.set_int64_param(number);
  return id;
}
inline inference::InferParameter Unsigned(uint64_t number) {
  inference::InferParameter id;
  id.set_uint64_param(number);
  return id;
}

inline inference::ModelInferRequest Of(int id, const std::vector<float>& x, Flags flags = {}) {
  return Of(Int(id), x, flags);
}

}  // namespace recurd::kserve
