#include "hw/model/footprint.h"

#include <algorithm>

#include "hw/aie/graphs/cascade_places.h"
#include "hw/aie/graphs/lanes_stack.h"
#include "hw/config/geometry.h"
#include "hw/model/lanes_form.h"

namespace recurd {
namespace hw {
namespace {

// Stack, heap and parameters of `words` words, ping and pong.
int Bytes(int words, int stack_words = 0) {
  return kDefaultStackBytes + 4 * stack_words + kDefaultHeapBytes + 2 * 4 * words;
}
int UpdateBytes(int words) { return Bytes(0, (kStateSlots + 1) * words); }

// sort_rows.h: RowSlots.
int RowSlots(int words) { return words <= kLanes ? kLanes : 2 * RowSlots((words + 1) / 2); }

// gru_rowwise.h, gru_hybrid.h, gru_aie.h.
Footprint Rowwise(const PlannedShape& shape) {
  const bool aie = shape.mapping == kMappingAie, after = shape.cell == LaneCell::kGruAfter;
  const int units = PlannedUnits(shape.mapping, shape.hidden_size), rows = RowReuse(units), groups = units / rows;
  const int words = PaddedWords(units), set_rows = shape.weight_sets * rows;
  constexpr int kLeastHeapBytes = 32;
  const int tables = aie ? 4 * kLutWords + kLeastHeapBytes - kDefaultHeapBytes : 0;
  Footprint print;
  print.roles = {
      {TileRole::kInput, 3 * groups, Bytes(set_rows * PaddedWords(shape.input_size))},
      {TileRole::kState, 2 * groups, Bytes(set_rows * words)},
      {TileRole::kReset, groups, Bytes(set_rows * (words + (after ? kLanes : 0)) + (after ? 1 : 0), rows * words)},
      {TileRole::kBias, 3 * groups, Bytes(set_rows * kLanes + 1) + tables},
      {TileRole::kUpdate, 1, UpdateBytes(words)}};
  if (aie) print.roles.push_back({TileRole::kAggregator, kGates, Bytes(0, RowSlots(words))});
  print.streams = aie ? 11 + 9 * groups : 5 + 10 * groups;
  print.plios_in = aie ? 2 : 3;
  print.plios_out = aie ? 1 : 1 + groups;
  print.columns = (print.tiles() + kRows - 1) / kRows;
  return print;
}

// gru_cascade.h.
Footprint Cascade(const PlannedShape& shape) {
  const int words = PaddedWords(shape.hidden_size), sets = shape.weight_sets;
  const int blocks = words / kLanes, input_blocks = PaddedWords(shape.input_size) / kLanes;
  const bool after = shape.cell == LaneCell::kGruAfter;
  const int column_bytes = Bytes(sets * kLanes * words + 2, words);
  Footprint print;
  print.roles = {{TileRole::kInput, kGates * input_blocks, column_bytes},
                 {TileRole::kState, (after ? kGates : kGates - 1) * blocks, column_bytes}};
  if (!after) print.roles.push_back({TileRole::kReset, blocks, column_bytes});
  print.roles.push_back({TileRole::kStream, kGates, Bytes(0)});
  print.roles.push_back({TileRole::kGate, kGates, Bytes(sets * (after ? 2 : 1) * words, words)});
  print.roles.push_back({TileRole::kUpdate, 1, UpdateBytes(words)});
  print.streams = 11;
  print.cascades = kGates * (input_blocks + blocks);
  print.plios_in = 3;
  print.plios_out = kGates + 1;
  print.chain = std::max(blocks + 2, input_blocks + 1);
  const CascadePlaces places{blocks, input_blocks};
  const auto [first, last] =
      std::minmax({places.u(0, 0).column, places.update().column, places.to_stream(0).column, places.w(0, 0).column});
  print.columns = last - first + 1;
  return print;
}

// lanes_layer.h.
Footprint Lanes(const PlannedShape& shape) {
  const int words = PaddedWords(shape.hidden_size);
  const LaneLayout layout{PaddedWords(shape.input_size), words, shape.weight_sets};
  const int gates = LaneGates(shape.cell) * (words / kLanes);
  constexpr int kIndexBytes = 8;
  Footprint print;
  print.roles = {{TileRole::kGate, gates, layout.bytes(layout.gate_columns())}};
  if (layout.split_state()) {
    print.roles.push_back({TileRole::kState, gates, layout.bytes(layout.head_columns()) - kIndexBytes});
  }
  if (layout.own_inputs()) {
    print.roles.push_back({TileRole::kInput, gates * (layout.split_input() ? 2 : 1),
                           layout.bytes(std::max(layout.input_columns(), layout.input_head())) - kIndexBytes});
  }
  print.streams = 3 + gates * (layout.own_inputs() ? 2 : 1);
  print.cascades = gates * ((layout.split_state() ? 1 : 0) + (layout.split_input() ? 1 : 0));
  print.plios_in = 3;
  print.plios_out = gates;
  const int rows = std::min(LanesMostRows(layout.pairs()), layout.own_inputs() ? kRows / 2 : kRows);
  print.columns = LanesPlaces{0, LanesWidth(gates, rows), rows, layout.pairs()}.columns();
  return print;
}

bool IsLanes(Mapping mapping) { return mapping == kMappingLanes || mapping == kMappingLanesExact; }

}  // namespace

int PlannedUnits(Mapping mapping, int hidden_size) {
  const bool rowwise = mapping == kMappingHybrid || mapping == kMappingAie;
  return rowwise && hidden_size <= kMergeWays ? hidden_size : PaddedWords(hidden_size);
}

const char* NameOf(TileRole role) {
  switch (role) {
    case TileRole::kInput:
      return "W x";
    case TileRole::kState:
      return "U h";
    case TileRole::kReset:
      return "U h with reset";
    case TileRole::kBias:
      return "bias";
    case TileRole::kGate:
      return "gate";
    case TileRole::kStream:
      return "W x to stream";
    case TileRole::kAggregator:
      return "aggregator";
    case TileRole::kUpdate:
      return "update";
  }
  return "";
}

int Footprint::tiles() const {
  int tiles = 0;
  for (const RoleTiles& role : roles) tiles += role.tiles;
  return tiles;
}

int Footprint::data_bytes() const {
  int bytes = 0;
  for (const RoleTiles& role : roles) bytes = std::max(bytes, role.data_bytes);
  return bytes;
}

Footprint ComputeFootprint(const PlannedShape& shape) {
  if (IsLanes(shape.mapping)) return Lanes(shape);
  return shape.mapping == kMappingCascade ? Cascade(shape) : Rowwise(shape);
}

std::vector<Usage> Usages(const Footprint& footprint) {
  std::vector<Usage> usages = {{"bytes of data memory in the fullest tile", footprint.data_bytes(), kTileDataBytes},
                               {"tiles", footprint.tiles(), kTiles},
                               {"PLIOs to the PL", footprint.plios_out, kPlColumns * kPlioOutPerColumn},
                               {"columns that reach the PL", footprint.columns, kPlColumns},
                               {"PLIOs from the PL", footprint.plios_in, kPlColumns * kPlioInPerColumn}};
  if (footprint.chain > 0) {
    // It stands across the array, whatever reaches the PL.
    usages[3] = {"columns of a chain", footprint.chain, kColumns};
  }
  std::stable_sort(usages.begin(), usages.end(), [](const Usage& a, const Usage& b) { return a.Share() > b.Share(); });
  return usages;
}

LaneNumerics NumericsOf(const PlannedShape& shape) {
  if (shape.mapping == kMappingLanesExact) return LaneNumerics::kExact;
  return shape.activation.value_or(LaneNumerics::kLut);
}

std::string FootprintLimit(const PlannedShape& shape) {
  const Usage fullest = Usages(ComputeFootprint(shape)).front();
  if (fullest.number > fullest.limit) {
    const bool sets = std::string(fullest.resource).find("bytes") == 0 && shape.weight_sets > 1;
    return std::to_string(fullest.number) + " " + fullest.resource + ", but the limit is " +
           std::to_string(fullest.limit) + "; " +
           (sets ? "keep fewer weight sets resident, or use another mapping or a smaller layer"
                 : "use another mapping or a smaller layer");
  }
  if (!IsLanes(shape.mapping)) return "";
  return LanesLimit({{shape.hidden_size, shape.input_size, shape.cell, NumericsOf(shape), shape.weight_sets}});
}

Copies CountCopies(const Footprint& footprint) {
  const Copies all[] = {{kTiles / footprint.tiles(), "tiles"},
                        {kPlColumns * kPlioOutPerColumn / footprint.plios_out, "PLIOs to the PL"},
                        {kPlColumns * kPlioInPerColumn / footprint.plios_in, "PLIOs from the PL"},
                        {std::max(1, kPlColumns / footprint.columns), "columns that reach the PL"}};
  return *std::min_element(std::begin(all), std::end(all),
                           [](const Copies& a, const Copies& b) { return a.count < b.count; });
}

}  // namespace hw
}  // namespace recurd
