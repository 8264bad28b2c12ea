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

// Registers of the PL control block: byte offsets, 32 bits each. They stand where an HLS adapter puts them: from 0x10,
// an output and what belongs to it in sixteen bytes, an input in eight. The block answers every access within a bounded
// time, and never waits for the data path. hw/pl/README.md tells who writes what, and in which order.
enum Register : uint32_t {
  // Written by the PL.
  kRegMagic = 0x10,       // kMagic
  kRegAbi = 0x20,         // kAbiMajor << 16 | kAbiMinor
  kRegBuildId = 0x30,     // of the bitstream
  kRegGeometry = 0x40,    // PackGeometry()
  kRegNumerics = 0x50,    // order and functions of the roundings: PackNumerics()
  kRegGeneration = 0x60,  // kRegAbort as far as aborts are over: nothing of an older job comes any more
  kRegHeartbeat = 0x70,   // counts turns of the block's own loop
  kRegFault = 0x80,       // 0, or the first FaultKind since the last abort
  kRegDone = 0x90,        // free-running count of jobs whose last datum has been written
  // Written by the PS.
  kRegAbort = 0xa0,         // free-running count of aborts wanted: what is in flight is finished and thrown away
  kRegSubmit = 0xa8,        // free-running count of jobs handed over; written last
  kRegInputOffset = 0xb0,   // of the job's words: beats from the start of the input ring, or kInWindow
  kRegInputBeats = 0xb8,    // how many there are
  kRegResultOffset = 0xc0,  // where its results go: beats from the start of the result ring
  kRegWindow = 0x400,       // kWindowBytes of words, for jobs that are small
  kRegisterBytes = 0x800,
};
constexpr uint32_t kInWindow = 1u << 31;
constexpr uint32_t kWindowBytes = 0x400;
static_assert(kRegWindow + kWindowBytes == kRegisterBytes, "the window is the last of the registers");

// What the PL finds wrong with a job or with the array. The rest of the job is dropped, and DONE counts it.
enum FaultKind : uint32_t {
  kFaultNone = 0,
  kFaultBadOp = 1,         // an op that isn't one
  kFaultBadTag = 2,        // a packet from the array names a row or a gate that isn't there; not reported yet
  kFaultBadSlot = 3,       // slot >= kStateSlots
  kFaultBadWeightSet = 4,  // not one of the geometry's
  kFaultShortJob = 5,      // the words end within a command's rows
  kFaultBadOffset = 6,     // words or results that leave the rings
  kFaultBadEcho = 7,       // the array answered another command
};

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

// Mapping in bits 7:0, the activation's function (activation.h, ActivationForm) in 15:8, the cell (lanes.h, LaneCell)
// in 23:16.
constexpr uint32_t PackNumerics(uint32_t mapping, uint32_t activation, uint32_t cell) {
  return (mapping & 0xff) | (activation & 0xff) << 8 | (cell & 0xff) << 16;
}

// A job is what one doorbell hands over: commands and their rows, as they travel in the x stream. One is in flight at a
// time. Its results are records in the result ring, one behind the other: of a RUN one a step, the state row after it;
// of a SWITCH the old state row; of a RELOAD one without a row. Each ends in a beat that says what it belongs to.
struct RecordEnd {
  uint32_t sequence;    // of the command
  uint32_t row;         // of the command's rows, from 0
  uint32_t generation;  // kRegGeneration when it was written
  uint32_t check;       // CheckBeat over the row's beats, then over this one's first three words and a zero
};
static_assert(sizeof(RecordEnd) == 16, "the end of a record is one beat");

// Tells a row that arrived whole from one that was cut, is old, or lost a bit. Starts from 0.
constexpr uint32_t RotateLeft(uint32_t word, int bits) { return word << bits | word >> (32 - bits); }
constexpr uint32_t CheckBeat(uint32_t check, uint32_t w0, uint32_t w1, uint32_t w2, uint32_t w3) {
  return RotateLeft(check, 1) ^ w0 ^ RotateLeft(w1, 8) ^ RotateLeft(w2, 16) ^ RotateLeft(w3, 24);
}

constexpr int RecordBeats(int row_words) { return row_words / kBeatWords + 1; }

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
