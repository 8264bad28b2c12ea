#ifndef RECURD_TESTS_VIRTUAL_BOARD_BOARD_HOOKS_H_
#define RECURD_TESTS_VIRTUAL_BOARD_BOARD_HOOKS_H_

#include <stddef.h>
#include <stdint.h>

// What the virtual board exports beside XRT's own functions. XRT opens it with dlopen(RTLD_NOW | RTLD_GLOBAL) when the
// process makes its first xrt::device, and never closes it. So nobody links against it; after that device
//   reinterpret_cast<void (*)()>(dlsym(RTLD_DEFAULT, "recurd_board_acquire"))
// is the function, and is null on a real board and before. FindBoard() of board_client.h does it for tests.
// Threads: all of them from any thread; the board has one lock.
extern "C" {

// What barriers and cache instructions do on a board. A driver's barrier header calls these right behind its own
// instruction. Uncached buffers: the host's writes reach the device at release, the device's writes reach the host at
// acquire, and at no other time. Cacheable buffers: not touched by these two.
void recurd_board_acquire(void);
void recurd_board_release(void);
// Cacheable buffers, in whole lines of 64 bytes as of the Cortex-A72. clean: dc cvac, the host's lines reach the
// device. invalidate: dc civac, the only one that user space has: lines that the host has written since go over what
// the device has there; all others become what the device has. Addresses that are in no buffer: nothing happens.
void recurd_board_clean(const void* begin, size_t bytes);
void recurd_board_invalidate(const void* begin, size_t bytes);

// Replaces all fault switches; "" switches all off. Grammar and switches: README.md. 0, or -1 if it isn't one: then
// nothing has changed, and the reason stands on stderr.
int recurd_board_set_faults(const char* text);

// As switched off and on again: no design, nothing runs, no fault has struck. Buffers and switches stay. Only while
// nothing is open, else the next calls fail.
void recurd_board_power_cycle(void);

// All since the library was loaded.
struct RecurdBoardCounts {
  uint64_t system_calls;  // all calls that are one on a board: the next six, and whatever else isn't a register
  uint64_t syncs;         // of buffers, through XRT
  uint64_t allocations;   // of buffers, frees too
  uint64_t commands;      // starts of kernels
  uint64_t updates;       // of run-time parameters
  uint64_t graph_calls;   // all others of the graph
  uint64_t loads;         // of xclbins, those that were skipped too
  uint64_t register_reads, register_writes;
  uint64_t acquires, releases, cleans, invalidates;
  uint64_t jobs;           // doorbells
  uint64_t refused_calls;  // that returned an error
};
void recurd_board_counts(struct RecurdBoardCounts* counts);

}  // extern "C"

#endif  // RECURD_TESTS_VIRTUAL_BOARD_BOARD_HOOKS_H_
