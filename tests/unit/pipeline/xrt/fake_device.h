#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hw/config/contract.h"
#include "server/pipeline/xrt/device.h"
#include "server/pipeline/xrt/record.h"

namespace recurd::board {

// A clock that goes on a little whenever somebody looks at it, as for a loop that waits.
class TickingClock final : public Clock {
 public:
  int64_t NowNs() const override { return now_ns += 100; }
  mutable int64_t now_ns = 1'000'000'000;
};

// Keeps to the contract, with a toy for an array: a state is the old one plus the row's first word, in every unit.
// What the processor writes to a ring arrives by its barriers only, and so does what it reads.
// It says that it is a GRU of so many units and inputs on lanes, with two weight sets. Once warm it allocates nothing.
class FakeDevice final : public Device, private Barrier {
 public:
  // What goes wrong with the jobs from now on.
  enum class Mischief { kNone, kHang, kStuck, kEarly, kStale, kHalf, kCorrupt, kRefuse, kAhead, kThrows };
  Mischief mischief = Mischief::kNone;
  bool acquires = true, releases = true, cleans = true, invalidates = true;  // false: that instruction is left out
  TickingClock* clock = nullptr;  // goes on by step_ns for each step, and maintain_ns for each cache instruction
  double step_ns = 0;
  int64_t maintain_ns = 0;
  bool has_cacheable = true;
  int reads_until_done = 0;  // of DONE
  size_t reads = 0, writes = 0, reloads = 0;
  uint32_t registers[hw::kRegisterBytes / 4] = {};

  explicit FakeDevice(uint32_t hidden = 8, uint32_t input = 8) : hidden_(hidden), input_words_(input) {
    states_.assign(hw::kStateSlots, std::vector<float>(hidden));
    old_.resize(hidden);
    job.reserve(size_t{1} << 18);
    Reset();
  }

  uint32_t& At(uint32_t offset) { return registers[offset / 4]; }

  bool Read(uint32_t offset, uint32_t* value) override {
    ++reads;
    if (mischief == Mischief::kThrows) return false;
    if (offset == hw::kRegDone && waiting_ && (mischief == Mischief::kNone) && --left_ <= 0) Finish();
    *value = At(offset);
    return true;
  }
  bool Write(uint32_t offset, uint32_t value) override {
    ++writes;
    if (mischief == Mischief::kThrows) return false;
    At(offset) = value;
    if (offset == hw::kRegSubmit) Submit();
    if (offset == hw::kRegAbort && mischief != Mischief::kStuck) Abort();
    return true;
  }
  const Barrier& barrier() const override { return *this; }

  std::string name() const override { return "fake"; }
  absl::Status ReloadArray() override {
    ++reloads;
    Reset();
    return absl::OkStatus();
  }
  absl::Status RunGraph() override { return absl::OkStatus(); }
  absl::Status UpdateParameter(const std::string&, const void*, size_t) override { return absl::OkStatus(); }
  absl::StatusOr<std::unique_ptr<Buffer>> Allocate(size_t bytes, Caching caching) override {
    if (caching == Caching::kCacheable && !has_cacheable) return absl::UnavailableError("no cacheable memory");
    auto buffer = std::make_unique<Memory>();
    buffer->host.resize(bytes / 4);
    buffer->device.resize(bytes / 4);
    buffer->caching = caching;
    buffer->all = &memories_;
    memories_.push_back(buffer.get());
    return buffer;
  }
  absl::Status StartMovers(Buffer& input, Buffer& result) override {
    input_ = &static_cast<Memory&>(input);
    result_ = &static_cast<Memory&>(result);
    return absl::OkStatus();
  }

  // Where the last job's records went, in beats, and what its words were.
  uint32_t result_beat = 0;
  std::vector<uint32_t> job;

 private:
  struct Memory final : Buffer {
    ~Memory() override { std::erase(*all, this); }
    uint32_t* words() override { return host.data(); }
    size_t bytes() const override { return host.size() * 4; }
    std::vector<uint32_t> host, device;
    Caching caching;
    std::vector<Memory*>* all;
  };

  void Release() const override {
    for (Memory* memory : memories_) {
      if (releases && memory->caching == Caching::kUncached && memory != result_) memory->device = memory->host;
    }
  }
  void Acquire() const override {
    for (Memory* memory : memories_) {
      if (acquires && memory->caching == Caching::kUncached && memory == result_) memory->host = memory->device;
    }
  }
  void Clean(const void* begin, size_t bytes) const override { Copy(begin, bytes, cleans, true); }
  void Invalidate(const void* begin, size_t bytes) const override { Copy(begin, bytes, invalidates, false); }
  void Copy(const void* begin, size_t bytes, bool does, bool to_device) const {
    if (clock != nullptr) clock->now_ns += maintain_ns;
    const auto* word = static_cast<const uint32_t*>(begin);
    for (Memory* memory : memories_) {
      if (!does || word < memory->host.data() || word >= memory->host.data() + memory->host.size()) continue;
      const auto at = word - memory->host.data();
      auto& from = to_device ? memory->host : memory->device;
      auto& to = to_device ? memory->device : memory->host;
      std::copy_n(from.begin() + at, bytes / 4, to.begin() + at);
    }
  }

  void Reset() {
    for (uint32_t& word : registers) word = 0;
    At(hw::kRegMagic) = hw::kMagic;
    At(hw::kRegAbi) = hw::kAbiMajor << 16 | hw::kAbiMinor;
    At(hw::kRegGeometry) = hw::PackGeometry(hidden_, input_words_, 2, hw::kMappingLanes);
    At(hw::kRegNumerics) = hw::PackNumerics(hw::kMappingLanes, 0, 1);  // tables, gru_after
  }

  void Submit() {
    const uint32_t offset = At(hw::kRegInputOffset), count = At(hw::kRegInputBeats) * hw::kBeatWords;
    const uint32_t* words = offset == hw::kInWindow ? &At(hw::kRegWindow) : &input_->device[offset * hw::kBeatWords];
    job.assign(words, words + count);
    result_beat = At(hw::kRegResultOffset);
    waiting_ = true;
    left_ = reads_until_done;
    using enum Mischief;
    if (mischief == kHang || mischief == kStuck || mischief == kNone) return;
    if (mischief == kRefuse) At(hw::kRegFault) = hw::kFaultBadOp;
    if (mischief == kAhead) ++At(hw::kRegDone);
    if (mischief == kRefuse || mischief == kEarly) {
      ++At(hw::kRegDone);
    } else {
      Finish();
    }
  }
  void Abort() {
    At(hw::kRegGeneration) = At(hw::kRegAbort);
    At(hw::kRegDone) = At(hw::kRegSubmit);
    At(hw::kRegFault) = 0;
    waiting_ = false;
  }
  void Finish() {
    waiting_ = false;
    size_t to = size_t{result_beat} * hw::kBeatWords;
    for (size_t i = 0; i < job.size();) {
      hw::Command command;
      std::memcpy(&command, &job[i], sizeof command);
      i += hw::kBeatWords;
      const uint32_t op = hw::OpOf(command.head);
      std::vector<float>& state = states_[hw::SlotOf(command.head)];
      if (op == hw::kOpReload) Record(&to, command.sequence, 0, nullptr);
      if (op == hw::kOpSwitch) {
        old_.swap(state);
        std::memcpy(state.data(), &job[i], hidden_ * sizeof(float));
        Record(&to, command.sequence, 0, &old_);
        i += hidden_;
      }
      if (clock != nullptr) clock->now_ns += static_cast<int64_t>(command.steps * step_ns);
      for (uint32_t row = 0; op == hw::kOpRun && row < command.steps; ++row, i += input_words_) {
        float x;
        std::memcpy(&x, &job[i], 4);
        for (float& unit : state) unit += x;
        Record(&to, command.sequence, row, &state);
      }
    }
    if (mischief == Mischief::kCorrupt) result_->device[to - hw::kBeatWords - 1] ^= 4;
    ++At(hw::kRegDone);
  }
  void Record(size_t* to, uint32_t sequence, uint32_t row, const std::vector<float>* state) {
    const size_t words = state ? hidden_ : 0;
    if (mischief == Mischief::kStale) --sequence;
    uint32_t* at = &result_->device[*to];
    if (state) std::memcpy(at, state->data(), words * 4);
    const RecordName name = {sequence, row, At(hw::kRegGeneration)};
    if (mischief != Mischief::kHalf) {
      const uint32_t end[] = {name.sequence, name.row, name.generation, CheckOf(at, words, name)};
      std::memcpy(at + words, end, sizeof end);
    }
    *to += words + hw::kBeatWords;
  }

  std::vector<Memory*> memories_;
  Memory* input_ = nullptr;
  Memory* result_ = nullptr;
  const uint32_t hidden_, input_words_;
  std::vector<std::vector<float>> states_;  // of each slot
  std::vector<float> old_;
  bool waiting_ = false;
  int left_ = 0;
};

}  // namespace recurd::board
