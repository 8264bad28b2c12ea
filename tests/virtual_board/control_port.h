#ifndef RECURD_TESTS_VIRTUAL_BOARD_CONTROL_PORT_H_
#define RECURD_TESTS_VIRTUAL_BOARD_CONTROL_PORT_H_

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hw/config/contract.h"
#include "hw/emu/board.h"
#include "tests/virtual_board/fault_plan.h"
#include "tests/virtual_board/job_results.h"

namespace recurd {
namespace virtual_board {

// The registers of the control block as the host reaches them: between it and emu::Board stand the faults.
// Threads: one at a time.
class ControlPort {
 public:
  // What answers: nothing (board null: all registers are ones), or a design. deaf: its array is another one's, or isn't
  // there: no job is ever done.
  struct Target {
    emu::Board* board = nullptr;
    emu::LayerShape shape;
    bool deaf = false;
  };

  ControlPort(FaultPlan* plan, emu::BoardMemory* memory) : plan_(plan), memory_(memory) {}

  // Forgets what was under way.
  void Connect(const Target& target);
  void SetRings(const emu::Board::Rings& rings) { rings_ = rings; }
  const emu::Board::Rings& rings() const { return rings_; }
  uint32_t Read(uint32_t offset);
  void Write(uint32_t offset, uint32_t value);
  // A fault has struck of which only a reload helps.
  bool stuck() const { return frozen_; }

 private:
  // A doorbell that the design hasn't got yet.
  struct Held {
    uint32_t submit = 0;
    bool until_abort = false;
    bool counts_done_reads = false;
    int64_t accesses_left = 0;
    std::optional<std::chrono::steady_clock::time_point> due;
  };

  uint32_t Answer(uint32_t offset);
  void Ring(uint32_t submit);
  void Abort(uint32_t value);
  bool Hold(uint32_t submit);
  void LetGoIfDue(uint32_t offset);
  void LetGo();
  void PlanFalsehood(uint32_t submit);
  void FalsifyIfDone();
  std::vector<uint32_t> JobWords();
  uint32_t Altered(uint32_t offset, uint32_t value) const;
  uint32_t Wanted(uint32_t reg) const { return written_[reg / 4]; }

  FaultPlan* plan_;
  emu::BoardMemory* memory_;
  Target target_;
  emu::Board::Rings rings_;
  std::array<uint32_t, hw::kRegisterBytes / 4> written_ = {}, answered_ = {};
  std::optional<Held> held_;
  std::optional<uint32_t> early_done_;
  bool frozen_ = false;
  std::optional<uint32_t> refused_;  // FAULT until ABORT
  // A job's results that are to be falsified, and how, when DONE is this.
  std::unique_ptr<JobResults> results_;
  std::string falsehood_;
  uint32_t falsify_at_ = 0;
};

}  // namespace virtual_board
}  // namespace recurd

#endif  // RECURD_TESTS_VIRTUAL_BOARD_CONTROL_PORT_H_
