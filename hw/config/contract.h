#ifndef RECURD_HW_CONFIG_CONTRACT_H_
#define RECURD_HW_CONFIG_CONTRACT_H_

#include <stdint.h>

// What the processor (PS), the programmable logic (PL) and the AI Engine tiles (AIE) say to each other. C++14: read by
// the server, by Vitis HLS, by the AIE compiler and by the emulator. Every datum is a little-endian 32-bit word; floats
// are IEEE binary32. A number here changes only together with kAbiMajor.
namespace recurd {
namespace hw {

constexpr uint32_t kMagic = 0x52435244;  // "DRCR" in memory
constexpr uint32_t kAbiMajor = 1;        // another major: the server refuses to start, naming both
constexpr uint32_t kAbiMinor = 0;

// Streams between PL and AIE move beats of four words: a 128-bit PLIO at a quarter of the AIE clock.
constexpr int kBeatWords = 4;
// One fp32 vector of a tile. Rows of inputs and states are padded to it with zeros.
constexpr int kLanes = 8;

constexpr int PaddedWords(int words) { return (words + kLanes - 1) / kLanes * kLanes; }

// Registers of the PL control block: word index = byte offset / 4. The block has to answer every access within a
// bounded time, and never waits for the data path.
enum Register : uint32_t {
  kRegMagic = 0,       // kMagic
  kRegAbi = 1,         // kAbiMajor << 16 | kAbiMinor
  kRegBuildId = 2,     // of the bitstream
  kRegGeometry = 3,    // PackGeometry()
  kRegNumerics = 4,    // order and functions of the roundings: a Mapping value
  kRegGeneration = 5,  // counts resets of the array
  kRegHeartbeat = 6,   // counts PL clocks / 65536
  kRegFault = 7,       // 0, or the first FaultKind since the last reset
  kRegAbort = 8,       // written 1: drop what is in flight, empty the streams
  kRegSubmit = 9,      // free-running count of commands handed over
  kRegDone = 10,       // free-running count of commands whose last datum has been written
  kRegisterCount = 11,
};

enum FaultKind : uint32_t { kFaultNone = 0, kFaultBadOp = 1, kFaultBadTag = 2, kFaultBadSlot = 3 };

// lanes_exact is lanes with the server's own activations instead of tables.
enum Mapping : uint32_t {
  kMappingHybrid = 1,
  kMappingAie = 2,
  kMappingCascade = 3,
  kMappingLanes = 4,
  kMappingLanesExact = 5,
};

// hidden size in bits 11:0, input size in 23:12, weight sets in 27:24, mapping in 31:28.
constexpr uint32_t PackGeometry(uint32_t hidden, uint32_t input, uint32_t weight_sets, uint32_t mapping) {
  return (hidden & 0xfff) | (input & 0xfff) << 12 | (weight_sets & 0xf) << 24 | (mapping & 0xf) << 28;
}

// Commands travel in the x stream, in order with the data, because the tiles that multiply x run ahead of the rest.
//   RUN     one beat; then `steps` input rows, each padded to eight words
//   SWITCH  one beat; then one state row, padded: it replaces the state in `slot`, whose old content comes out
//   RELOAD  one beat: every kernel echoes it, returns, and sees new run-time parameters when it is invoked again. All
//           slots are zero afterwards.
enum Op : uint32_t { kOpRun = 1, kOpSwitch = 2, kOpReload = 3 };

// Word 0: op in bits 7:0, weight set in 15:8, slot in 31:16. `steps` is 0 unless the op is RUN.
struct Command {
  uint32_t head;
  uint32_t steps;
  uint32_t flags;
  uint32_t sequence;  // echoed in front of everything that the command yields
};
static_assert(sizeof(Command) == 16, "a command is one 128-bit beat");

constexpr uint32_t PackHead(uint32_t op, uint32_t weight_set, uint32_t slot) {
  return (op & 0xff) | (weight_set & 0xff) << 8 | (slot & 0xffff) << 16;
}
constexpr uint32_t OpOf(uint32_t head) { return head & 0xff; }
constexpr uint32_t WeightSetOf(uint32_t head) { return head >> 8 & 0xff; }
constexpr uint32_t SlotOf(uint32_t head) { return head >> 16; }

// A result packet of one row of one gate: header, tag, value with TLAST. The header's id is the AIE compiler's choice
// and only routes; who sent the packet is said by the tag.
constexpr int kPacketWords = 3;
constexpr uint32_t kTagEcho = 1u << 31;  // the answer to a RELOAD; its value is the sequence number
constexpr uint32_t PackTag(uint32_t gate, uint32_t row) { return gate << 16 | row; }
constexpr uint32_t GateOf(uint32_t tag) { return tag >> 16 & 3; }
constexpr uint32_t RowOf(uint32_t tag) { return tag & 0xffff; }

// Gate indices follow the order in which a step needs them.
enum Gate : uint32_t { kGateReset = 0, kGateUpdate = 1, kGateNew = 2 };
constexpr int kGates = 3;

// Slots of state that stay resident; RUN names one.
constexpr int kStateSlots = 8;

// Activation tables of the paper's size and range: 31,000 bytes each, truncated index, saturated outside.
// Source: arXiv 2511.15626, section 4 (LUT), and the size of its authors' public table.
constexpr int kLutWords = 7750;
constexpr float kSigmoidRange = 6.0f;
constexpr float kTanhRange = 4.0f;
static_assert(kLutWords * 4 == 31000, "a table fits the 32 KB of one tile");

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_CONFIG_CONTRACT_H_
