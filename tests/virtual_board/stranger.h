#ifndef RECURD_TESTS_VIRTUAL_BOARD_STRANGER_H_
#define RECURD_TESTS_VIRTUAL_BOARD_STRANGER_H_

#include "hw/emu/board.h"
#include "tests/virtual_board/device_memory.h"

namespace recurd {
namespace virtual_board {

// Leaves a new board as a process that was killed does: graph and movers run, on rings that nobody has any more, with
// weights of somebody's; every slot holds a state; GENERATION, DONE and FAULT aren't zero.
void LeaveRunning(const emu::Placement& placement, emu::Board* board, DeviceMemory* memory);

}  // namespace virtual_board
}  // namespace recurd

#endif  // RECURD_TESTS_VIRTUAL_BOARD_STRANGER_H_
