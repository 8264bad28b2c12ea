#include "server/pipeline/xrt/driver.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "hw/config/contract.h"
#include "server/pipeline/xrt/record.h"

namespace recurd::board {

Driver::Driver(Device& device, Rings rings, const Clock& clock, DriverLimits limits)
    : device_(device),
      rings_(std::move(rings)),
      clock_(clock),
      limits_(limits),
      records_(rings_.beats() * hw::kBeatWords) {}

bool Driver::Attach() {
  input_offset_ = input_beats_ = kUnset;
  state_ = State::kIdle;
  aborting_ = false;
  return device_.Read(hw::kRegDone, &submitted_) && device_.Read(hw::kRegGeneration, &generation_) &&
         device_.Read(hw::kRegAbort, &aborted_);
}

void Driver::Submit(const Job& job, int64_t due_ns, int64_t expected_ns) {
  job_ = &job;
  fault_ = Fault::kNone;
  result_beat_ = rings_.Reserve(job.result_beats());
  bool ok = Put(job) && device_.Write(hw::kRegResultOffset, result_beat_);
  ok = ok && device_.Write(hw::kRegSubmit, ++submitted_);
  doorbell_ns_ = clock_.NowNs();
  due_ns_ = doorbell_ns_ + due_ns;
  looked_ns_ = due_ns_;
  patience_ns_ = 10 * expected_ns;
  deadline_ns_ = doorbell_ns_ + patience_ns_ + limits_.hang_ns;
  state_ = ok ? State::kRunning : Abort(Fault::kDevice);
}

bool Driver::Put(const Job& job) {
  const absl::Span<const uint32_t> words = job.words();
  uint32_t offset = hw::kInWindow;
  bool ok = true;
  if (words.size() <= limits_.window_words) {
    for (size_t i = 0; i < words.size() && ok; ++i) {
      ok = device_.Write(hw::kRegWindow + static_cast<uint32_t>(i * sizeof(uint32_t)), words[i]);
    }
  } else {
    offset = rings_.Put(words);
    device_.barrier().Release();
  }
  const auto beats = static_cast<uint32_t>(words.size() / hw::kBeatWords);
  return ok && Set(hw::kRegInputOffset, offset, &input_offset_) && Set(hw::kRegInputBeats, beats, &input_beats_);
}

bool Driver::Set(uint32_t offset, uint32_t value, uint32_t* written) {
  if (*written == value) return true;
  *written = value;
  return device_.Write(offset, value);
}

Driver::State Driver::Poll(float* rows) {
  if (state_ != State::kRunning) return state_;
  const int64_t end_ns = clock_.NowNs() + limits_.slice_ns;
  do {
    state_ = aborting_ ? PollAbort() : PollJob(rows);
  } while (state_ == State::kRunning && clock_.NowNs() < end_ns);
  return state_;
}

Driver::State Driver::PollJob(float* rows) {
  const int64_t now_ns = clock_.NowNs();
  if (now_ns < due_ns_) return State::kRunning;
  uint32_t done = 0;
  if (!device_.Read(hw::kRegDone, &done)) return Abort(Fault::kDevice);
  const auto ahead = static_cast<int32_t>(done - submitted_);
  if (ahead > 0) return Abort(Fault::kStale);
  if (ahead < 0) return TooLate(now_ns) ? Abort(Fault::kHang) : State::kRunning;
  board_ns_ = clock_.NowNs() - doorbell_ns_;
  uint32_t refusal = hw::kFaultNone;
  if (!device_.Read(hw::kRegFault, &refusal)) return Abort(Fault::kDevice);
  if (refusal != hw::kFaultNone) return Abort(Fault::kRefused);
  device_.barrier().Acquire();
  const Fault fault = Judge(rows);
  return fault == Fault::kNone ? State::kDone : Abort(fault);
}

bool Driver::TooLate(int64_t now_ns) {
  constexpr int64_t kUnlooked = 5'000'000;
  if (now_ns - looked_ns_ > kUnlooked) deadline_ns_ += now_ns - looked_ns_;
  looked_ns_ = now_ns;
  return now_ns >= deadline_ns_;
}

Fault Driver::Judge(float* rows) {
  const size_t beats = job_->result_beats();
  std::memcpy(records_.data(), rings_.Get(result_beat_, beats), beats * hw::kBeatWords * sizeof(uint32_t));
  const uint32_t* record = records_.data();
  for (const Job::Answer& answer : job_->answers()) {
    for (size_t row = 0; row < answer.rows; ++row, record += answer.row_words + hw::kBeatWords) {
      const RecordName due = {answer.sequence, static_cast<uint32_t>(row), generation_};
      if (const Fault fault = JudgeRecord(record, answer.row_words, due); fault != Fault::kNone) return fault;
      if (answer.wanted) std::memcpy(rows + row * answer.row_words, record, answer.row_words * sizeof(float));
    }
  }
  return Fault::kNone;
}

Driver::State Driver::Abort(Fault fault) {
  fault_ = fault;
  aborting_ = true;
  input_offset_ = input_beats_ = kUnset;
  looked_ns_ = clock_.NowNs();
  deadline_ns_ = looked_ns_ + patience_ns_ + limits_.abort_ns;
  device_.Write(hw::kRegAbort, ++aborted_);  // if it can't be written, the time passes
  return State::kRunning;
}

Driver::State Driver::PollAbort() {
  uint32_t generation = 0;
  const bool read = device_.Read(hw::kRegGeneration, &generation);
  if (!read || generation != aborted_) {
    if (!TooLate(clock_.NowNs())) return State::kRunning;
    aborting_ = false;
    return State::kLost;
  }
  aborting_ = false;
  generation_ = generation;
  // The PL takes what it has been told for done, whether it saw the last doorbell or not.
  return device_.Read(hw::kRegDone, &submitted_) ? State::kFailed : State::kLost;
}

}  // namespace recurd::board
