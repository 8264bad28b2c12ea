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
constexpr int kTileCascades = 1;          // known: same, one in and one out
constexpr int kTileDataBytes = 32768;     // known: UG1079 AI Engine Memory
constexpr int kTileProgramBytes = 16384;  // known: same
constexpr int kDefaultStackBytes = 1024;  // known: UG1076 stack_size
constexpr int kDefaultHeapBytes = 1024;   // known: UG1076 heap_size
constexpr int kMergeWays = 32;            // known: UG1079 Packet Split and Merge
constexpr int kArbitersPerSwitch = 6;     // known: AM009 Stream Switch
constexpr int kSwitchNorth = 6;           // known: AM009 registers Stream_Switch_Master_Config_North0..5; streams that
constexpr int kSwitchSouth = 4;           // known: leave a tile's switch upwards, downwards, and to either side
constexpr int kSwitchSide = 4;            // known: same; interface tiles have as many upwards and sidewards
constexpr int kPacketIdBits = 5;          // known: UG1079 Packet Split and Merge

static_assert(kColumns * kRows == kTiles, "the array is a full grid");
static_assert(1 << kPacketIdBits == kMergeWays, "an id for every way of a merge");

// Row reuse: how many consecutive rows a tile serves, so that at most 32 groups of rows share the ways of a merge and
// the interface tiles: the least number that divides the rows.   Source: arXiv 2511.15626, sections 4 and 5.
constexpr int RowReuse(int rows) {
  int reuse = 1;
  while (rows % reuse != 0 || rows / reuse > kMergeWays) ++reuse;
  return reuse;
}

// A tile; interface tiles stand in row -1.
struct Place {
  int column, row;
};

// Switches on the way: one a tile that is passed or reached.
constexpr int Hops(Place from, Place to) {
  return (from.column < to.column ? to.column - from.column : from.column - to.column) +
         (from.row < to.row ? to.row - from.row : from.row - to.row) + 1;
}

// Tile `index` when columns are filled one by one, up and down in turns, so that successive tiles are neighbours.
constexpr Place SnakeTile(int index) {
  return {kFirstPlColumn + index / kRows, index / kRows % 2 == 0 ? index % kRows : kRows - 1 - index % kRows};
}
// The interface tile below it.
constexpr Place SnakeShim(int index) { return {kFirstPlColumn + index / kRows, -1}; }

// The tile that takes a tile's cascade: the next to the east in even rows, to the west in odd ones, and at the end of a
// row the one above; none (row 8) at the end of the last.   Known: UG1079 AI Engine Architecture Overview.
constexpr Place CascadeNext(Place from) {
  return from.row % 2 == 0
             ? (from.column == kColumns - 1 ? Place{from.column, from.row + 1} : Place{from.column + 1, from.row})
             : (from.column == 0 ? Place{0, from.row + 1} : Place{from.column - 1, from.row});
}
constexpr bool operator==(Place a, Place b) { return a.column == b.column && a.row == b.row; }

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_CONFIG_GEOMETRY_H_
