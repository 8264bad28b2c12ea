#ifndef RECURD_HW_CONFIG_TIMING_H_
#define RECURD_HW_CONFIG_TIMING_H_

#include <stdint.h>

#include <string>
#include <vector>

// Every constant of the timing model, for the emulator and for the closed form alike. C++14.
namespace recurd {
namespace hw {

using Cycles = int64_t;  // of the AIE clock unless said otherwise

// known: a manual says so. fitted: chosen so that the paper's published numbers come out. assumed: neither.
enum class Certainty { kKnown, kFitted, kAssumed };

// RECURD_TIMING(name, value, certainty, source, meaning)
#define RECURD_TIMING_CONSTANTS(RECURD_TIMING)                                                                         \
  RECURD_TIMING(pl_clock, 4, kKnown, "arXiv 2511.15626 section 3", "AIE cycles in a PL cycle (1.25 GHz / 312.5 MHz)")  \
  RECURD_TIMING(switch_hop, 4, kKnown, "AM009 Stream Switch Buffering and Latency", "cycles through a stream switch")  \
  RECURD_TIMING(switch_fifo, 8, kKnown, "AM009 Stream Switch Buffering and Latency", "words held by a switch")         \
  RECURD_TIMING(port_fifo, 4, kAssumed, "UG1079 AI Engine Tile Interface names no depth", "words held by a tile port") \
  RECURD_TIMING(cdc_fifo, 12, kKnown, "AM009 PL Interface", "words held by a clock crossing")                          \
  RECURD_TIMING(cdc_to_aie, 12, kAssumed, "no document: 3 PL cycles", "cycles from the PL into the array")             \
  RECURD_TIMING(cdc_to_pl, 12, kAssumed, "no document: 3 PL cycles", "cycles from the array into the PL")              \
  RECURD_TIMING(cascade_latency, 2, kAssumed, "no document: a cycle for the FIFO on either side",                      \
                "cycles to a neighbour")                                                                               \
  RECURD_TIMING(cascade_fifo, 4, kKnown, "AM009 AI Engine Interfaces",                                                 \
                "vectors held by a cascade, two on either side")                                                       \
  RECURD_TIMING(load_latency, 7, kKnown, "AM009 Memory Access", "cycles from vector load to use")                      \
  RECURD_TIMING(mac_latency, 6, kKnown, "AM009 Floating-Point Vector Unit", "cycles from multiply to vector use")      \
  RECURD_TIMING(accumulate_latency, 2, kKnown, "UG1079 Floating-Point Operations", "cycles between chained sums")      \
  RECURD_TIMING(add_latency, 6, kAssumed, "an add is a multiply-accumulate by one", "cycles of a vector add")          \
  RECURD_TIMING(compare_latency, 2, kAssumed, "no document", "cycles of a vector min or max")                          \
  RECURD_TIMING(convert_latency, 4, kAssumed, "no document", "cycles from float to integer")                           \
  RECURD_TIMING(reduce_level, 8, kAssumed, "AM009: no cross-lane add, so shuffle and add", "cycles a reduce level")    \
  RECURD_TIMING(move_latency, 1, kAssumed, "no document", "cycles of a broadcast or of a lane's move to a scalar")     \
  RECURD_TIMING(scalar_op, 1, kKnown, "AM009 Scalar Unit", "cycles of a scalar operation, address or store")           \
  RECURD_TIMING(packet_residual, 2, kFitted, "arXiv 2511.15626 Table 1", "of sorting a packet, 14 cycles in all")      \
  RECURD_TIMING(loop_overhead, 6, kAssumed, "AM009: branch with 5 delay slots", "cycles to close a kernel's loop")     \
  RECURD_TIMING(pl_lookup, 3, kAssumed, "no document: index, memory, memory's register",                               \
                "PL cycles of a table look-up")                                                                        \
  RECURD_TIMING(pl_integer, 1, kAssumed, "no document: a carry chain within 3.2 ns",                                   \
                "PL cycles of an integer add, shift or compare of 32 bits")                                            \
  RECURD_TIMING(pl_add, 2, kAssumed, "AM004 DSPFP32 with all its registers", "PL cycles of an fp32 add in the PL")     \
  RECURD_TIMING(pl_multiply, 3, kAssumed, "AM004 DSPFP32 with all its registers", "PL cycles of an fp32 multiply")     \
  RECURD_TIMING(pl_multiply_add, 4, kAssumed, "AM004 DSPFP32 with all its registers",                                  \
                "PL cycles of an fp32 multiply, rounded, and add")                                                     \
  RECURD_TIMING(pl_fused, 16, kAssumed, "PG060, fully pipelined", "PL cycles of a fused fp32 multiply-add")            \
  RECURD_TIMING(pl_divide, 28, kAssumed, "PG060, fully pipelined", "PL cycles of an fp32 division")                    \
  RECURD_TIMING(invocation, 50, kAssumed, "UG1079: a small overhead", "cycles between two invocations of a kernel")    \
  RECURD_TIMING(memory_read, 340, kAssumed, "others' traces of a VCK190: 213 to 330 ns in the mean",                   \
                "cycles from a PL kernel's read request to its first beat")                                            \
  RECURD_TIMING(memory_write, 420, kAssumed, "others' traces of a VCK190: 227 to 445 ns in the mean",                  \
                "cycles until what a PL kernel wrote is in memory")                                                    \
  RECURD_TIMING(register_access, 188, kAssumed, "no document of a Versal: 100 to 200 ns",                              \
                "cycles of a processor's access to a register in the PL")

struct Timing {
#define RECURD_FIELD(name, value, certainty, source, meaning) Cycles name = value;
  RECURD_TIMING_CONSTANTS(RECURD_FIELD)
#undef RECURD_FIELD
};

struct TimingConstant {
  const char* name;
  Cycles Timing::*field;
  Certainty certainty;
  const char* source;
  const char* meaning;
};

// All of them, for tables and lints.
const std::vector<TimingConstant>& TimingConstants();

// Overrides constants from text: one `name = cycles` a line, `#` begins a comment. Cycles are 0..1000000, and at least
// 1 for pl_clock and the FIFOs. Returns "" or what is wrong, naming the line; `timing` then is as it was.
std::string OverrideTiming(const std::string& text, Timing* timing);

constexpr double kNsPerCycle = 0.8;  // known: arXiv 2511.15626 section 3, 1.25 GHz

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_CONFIG_TIMING_H_
