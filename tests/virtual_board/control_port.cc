#include "tests/virtual_board/control_port.h"

#include <cstring>

namespace recurd {
namespace virtual_board {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint32_t kNobody = ~0u;  // what a bus without anybody reads
constexpr const char* kFalsehoods[] = {"stale", "doubled", "half", "torn", "corrupt", "nan", "refuse"};
// Registers that a switch of this name gives another value.
struct NamedRegister {
  const char* name;
  uint32_t offset;
  uint32_t flip;
};
constexpr NamedRegister kAlterable[] = {{"magic", hw::kRegMagic, 1},
                                        {"abi", hw::kRegAbi, 1u << 20},
                                        {"build", hw::kRegBuildId, 1u << 31},
                                        {"geometry", hw::kRegGeometry, 8},
                                        {"numerics", hw::kRegNumerics, 1u << 8}};

void Spin(int64_t ns) {
  const auto end = Clock::now() + std::chrono::nanoseconds(ns);
  while (Clock::now() < end) {
  }
}

}  // namespace

void ControlPort::Connect(const Target& target) {
  target_ = target;
  rings_ = {};
  written_ = answered_ = {};
  held_.reset();
  early_done_.reset();
  frozen_ = false;
  refused_.reset();
  results_.reset();
}

uint32_t ControlPort::Read(uint32_t offset) {
  if (const auto ns = plan_->On("slow_registers")) Spin(*ns);
  if (plan_->On("foreign")) return 0;
  if (target_.board == nullptr) return kNobody;
  uint32_t& last = answered_[offset / 4];
  if (frozen_) return last;
  LetGoIfDue(offset);
  FalsifyIfDone();
  return last = Altered(offset, Answer(offset));
}

uint32_t ControlPort::Answer(uint32_t offset) {
  if (offset == hw::kRegDone && early_done_) return *early_done_;
  if (offset == hw::kRegFault && refused_) return *refused_;
  return target_.board->Read(offset);
}

uint32_t ControlPort::Altered(uint32_t offset, uint32_t value) const {
  for (const NamedRegister& each : kAlterable) {
    if (each.offset == offset && plan_->On(each.name)) value ^= each.flip;
  }
  return value;
}

void ControlPort::Write(uint32_t offset, uint32_t value) {
  if (const auto ns = plan_->On("slow_registers")) Spin(*ns);
  if (plan_->On("foreign") || target_.board == nullptr) return;
  written_[offset / 4] = value;
  if (frozen_) return;
  LetGoIfDue(offset);
  if (offset == hw::kRegSubmit) return Ring(value);
  if (offset == hw::kRegAbort) return Abort(value);
  target_.board->Write(offset, value);
}

void ControlPort::Ring(uint32_t submit) {
  LetGo();
  PlanFalsehood(submit);
  if (Hold(submit)) return;
  target_.board->Write(hw::kRegSubmit, submit);
  FalsifyIfDone();
}

void ControlPort::Abort(uint32_t value) {
  LetGo();
  results_.reset();
  refused_.reset();
  target_.board->Write(hw::kRegAbort, value);
}

bool ControlPort::Hold(uint32_t submit) {
  Held held = {submit};
  const bool stuck = plan_->Strike("stuck").has_value();
  if (stuck || plan_->Strike("hang") || target_.deaf) {
    for (const uint32_t reg : {hw::kRegDone, hw::kRegGeneration, hw::kRegHeartbeat}) {
      answered_[reg / 4] = target_.board->Read(reg);
    }
    frozen_ = stuck || target_.deaf;
    held.until_abort = true;
  } else if (const auto accesses = plan_->Strike("early")) {
    early_done_ = submit;
    held.accesses_left = *accesses;
  } else if (const auto reads = plan_->Strike("slow_polls")) {
    held.counts_done_reads = true;
    held.accesses_left = *reads;
  } else if (const auto us = plan_->Strike("slow")) {
    held.due = Clock::now() + std::chrono::microseconds(*us);
  } else {
    return false;
  }
  held_ = held;
  return true;
}

void ControlPort::LetGoIfDue(uint32_t offset) {
  if (!held_ || held_->until_abort) return;
  if (held_->due) {
    if (Clock::now() >= *held_->due) LetGo();
  } else if ((!held_->counts_done_reads || offset == hw::kRegDone) && --held_->accesses_left <= 0) {
    LetGo();
  }
}

void ControlPort::LetGo() {
  if (!held_) return;
  const uint32_t submit = held_->submit;
  held_.reset();
  early_done_.reset();
  target_.board->Write(hw::kRegSubmit, submit);
}

void ControlPort::PlanFalsehood(uint32_t submit) {
  results_.reset();
  for (const char* name : kFalsehoods) {
    const auto value = plan_->Strike(name);
    if (!value) continue;
    const uint64_t address = rings_.result + uint64_t{Wanted(hw::kRegResultOffset)} * 4 * hw::kBeatWords;
    results_ = std::make_unique<JobResults>(JobWords(), target_.shape, address, memory_);
    falsehood_ = name;
    falsify_at_ = submit;
    if (falsehood_ == "refuse") refused_ = static_cast<uint32_t>(*value);
  }
}

void ControlPort::FalsifyIfDone() {
  if (!results_ || target_.board->Read(hw::kRegDone) != falsify_at_) return;
  results_->Falsify(falsehood_);
  results_.reset();
}

std::vector<uint32_t> ControlPort::JobWords() {
  const uint32_t offset = Wanted(hw::kRegInputOffset);
  const size_t beats = Wanted(hw::kRegInputBeats);
  const bool window = (offset & hw::kInWindow) != 0;
  const size_t limit = window ? hw::kWindowBytes / 16 : rings_.input_beats;
  if (beats > limit) return {};
  std::vector<uint32_t> words(beats * hw::kBeatWords);
  const void* from = window ? static_cast<const void*>(&written_[hw::kRegWindow / 4])
                            : memory_->At(rings_.input + uint64_t{offset} * 16, words.size() * 4);
  if (from == nullptr) return {};
  std::memcpy(words.data(), from, words.size() * 4);
  return words;
}

}  // namespace virtual_board
}  // namespace recurd
