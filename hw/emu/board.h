#ifndef RECURD_HW_EMU_BOARD_H_
#define RECURD_HW_EMU_BOARD_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "hw/emu/memory_port.h"
#include "hw/emu/placement.h"

namespace recurd {
namespace emu {

// The PL design of a board whole: the control block, the movers of hw/pl and a mapping's array, run as they are. Time
// passes only within calls: an access to a register takes timing.register_access, and so long the design runs.
// Threads: one at a time.
class Board {
 public:
  struct Rings {
    uint64_t input = 0, result = 0;  // addresses
    uint32_t input_beats = 0, result_beats = 0;
  };

  // Errors: as Placement::make.
  static absl::StatusOr<std::unique_ptr<Board>> Make(const Placement& placement, const hw::Timing& timing,
                                                     uint32_t build_id, BoardMemory* memory);
  virtual ~Board() = default;

  // Starts the movers; they never end. Once.
  virtual void StartMovers(const Rings& rings) = 0;
  // Writes a run-time parameter; false if no port has that name or that size. Kernels see it when they are invoked.
  virtual bool UpdateParameter(const std::string& port, const void* value, size_t bytes) = 0;
  // From now on kernels are invoked.
  virtual void RunGraph() = 0;
  // offset: a Register of contract.h, or a word of the window. Others read zero.
  virtual uint32_t Read(uint32_t offset) = 0;
  virtual void Write(uint32_t offset, uint32_t value) = 0;
  // In AIE cycles, since Make.
  virtual hw::Cycles now() const = 0;
};

}  // namespace emu
}  // namespace recurd

#endif  // RECURD_HW_EMU_BOARD_H_
