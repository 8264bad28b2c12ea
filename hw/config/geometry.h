#ifndef RECURD_HW_CONFIG_GEOMETRY_H_
#define RECURD_HW_CONFIG_GEOMETRY_H_

// The VC1902 array of a VCK190, as far as placements and the graph lint need it. C++14.
namespace recurd {
namespace hw {

constexpr int kColumns = 50;              // known: UG1079 PL Interface Tile Capabilities
constexpr int kRows = 8;                  // known: same
constexpr int kTiles = 400;               // known: same; arXiv 2511.15626 section 3
constexpr int kFirstPlColumn = 6;         // assumed: which 39 of the 50 columns reach the PL
constexpr int kPlColumns = 39;            // known: UG1079 PL Interface Tile Capabilities
constexpr int kPlioInPerColumn = 4;       // known: same, 128-bit PL to AIE
constexpr int kPlioOutPerColumn = 3;      // known: same, 128-bit AIE to PL
constexpr int kTileInStreams = 2;         // known: UG1079 AI Engine Tile Interface
constexpr int kTileOutStreams = 2;        // known: same
constexpr int kTileDataBytes = 32768;     // known: UG1079 AI Engine Memory
constexpr int kTileProgramBytes = 16384;  // known: same
constexpr int kDefaultStackBytes = 1024;  // known: UG1076 stack_size
constexpr int kDefaultHeapBytes = 1024;   // known: UG1076 heap_size
constexpr int kMergeWays = 32;            // known: UG1079 Packet Split and Merge
constexpr int kArbitersPerSwitch = 6;     // known: AM009 Stream Switch
constexpr int kPacketIdBits = 5;          // known: UG1079 Packet Split and Merge

static_assert(kColumns * kRows == kTiles, "the array is a full grid");
static_assert(1 << kPacketIdBits == kMergeWays, "an id for every way of a merge");

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_CONFIG_GEOMETRY_H_
