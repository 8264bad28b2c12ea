#ifndef RECURD_HW_MODEL_TILE_COSTS_H_
#define RECURD_HW_MODEL_TILE_COSTS_H_

#include <algorithm>

#include "hw/config/contract.h"
#include "hw/config/timing.h"

// What each kernel of hw/aie/kernels takes from stream word to stream word, read off its source and the emulator's
// scoreboard: a word taken at t is in a register at t + 1; a result is written in the cycle in which it is ready; the
// next turn of a loop starts loop_overhead after the last write is over. C++17.
namespace recurd {
namespace hw {

// dot_row: from a vector's last word to its dot product with the first row. Each further row is a cycle behind.
inline Cycles DotTail(const Timing& t) { return 1 + t.mac_latency + 3 * t.reduce_level; }

// dot_row: from a vector's last word to the next vector's first, if that waits for it.
inline Cycles DotPause(const Timing& t, Cycles rows) { return DotTail(t) + rows - 1 + 1 + t.loop_overhead; }

// dot_row_reset_after: from the last word of r to the first row's product, the dot products being over.
inline Cycles ResetAfterTail(const Timing& t) {
  const Cycles stored = 2 + t.loop_overhead;
  const Cycles lane = t.load_latency + t.move_latency;
  return stored + lane + t.move_latency + t.mac_latency + t.move_latency;
}

// bias_id, bias_activate: from a row's later dot product to the last word of its packet, by way of a separator.
// `activated`: with the table.
inline Cycles BiasTail(const Timing& t, bool activated) {
  const Cycles index = t.mac_latency + 2 * t.compare_latency + t.convert_latency + t.move_latency;
  const Cycles table = activated ? t.scalar_op + t.load_latency : 0;
  return 1 + t.move_latency + t.loop_overhead + t.add_latency + index + table + 1;
}

// From the first word of that packet to its last.
inline Cycles PacketSpan(const Timing& t, bool activated) {
  return BiasTail(t, activated) - 1 - t.move_latency - t.loop_overhead;
}

// BiasTail between two rows of a tile: what is done ahead for the first row, loading the bias and adding W x, is not.
inline Cycles BiasPeriod(const Timing& t, bool activated) {
  const Cycles bias_late = std::max<Cycles>(0, t.load_latency - 1 - t.move_latency);
  return bias_late + t.add_latency + BiasTail(t, activated) + 1 + t.loop_overhead;
}

// sort_rows: from a packet's last word to the end of its turn.
inline Cycles SortTail(const Timing& t) { return 1 + 3 * t.scalar_op + t.packet_residual + t.loop_overhead; }

// sort_rows: between two packets that wait for it.
inline Cycles SortPeriod(const Timing& t) { return kPacketWords - 1 + SortTail(t); }

// update_state: from the last word of n to the last word of the new state.
inline Cycles BlendTail(const Timing& t) { return 1 + t.add_latency + t.mac_latency + kLanes - 1; }

// update_state: between the last words of a SWITCH and of the command behind its row, if nothing else holds them up.
// The old state's last word leaves four words after the new one's has come.
inline Cycles SwitchPeriod(const Timing& t, Cycles beats) {
  return std::max(beats * t.pl_clock + 2, beats * kBeatWords + 5) + t.loop_overhead + kBeatWords - 1;
}

// sort_rows: the same. A row's beat leaves as soon as it has come.
inline Cycles PassPeriod(const Timing& t, Cycles beats) {
  return beats * t.pl_clock + 1 + kBeatWords + t.loop_overhead + kBeatWords - 1;
}

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_MODEL_TILE_COSTS_H_
