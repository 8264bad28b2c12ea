#include "hw/model/occupancy.h"

#include <algorithm>

#include "hw/aie/graphs/lanes_config.h"
#include "hw/config/geometry.h"
#include "hw/model/lanes_form.h"
#include "hw/model/tile_costs.h"

namespace recurd {
namespace hw {
namespace {

bool IsLanes(Mapping mapping) { return mapping == kMappingLanes || mapping == kMappingLanesExact; }

Shape GruShape(const PlannedShape& shape) {
  return {shape.mapping, PlannedUnits(shape.mapping, shape.hidden_size), shape.input_size,
          shape.cell == LaneCell::kGruBefore ? Reset::kBefore : Reset::kAfter};
}

// update_state.h: z and n come in one stream.
Cycles UpdateTile(const Timing& t, Cycles words) { return 2 * words + BlendTail(t); }
// The PL moves four words a cycle, gate by gate.
Cycles ThreeGates(const Timing& t, Cycles words) { return kGates * words / kBeatWords * t.pl_clock; }

std::vector<Part> Rowwise(const PlannedShape& shape, const Timing& t) {
  const Shape gru = GruShape(shape);
  const bool aie = shape.mapping == kMappingAie;
  const Cycles rows = RowReuse(gru.hidden_size), words = PaddedWords(gru.hidden_size);
  const Cycles second = gru.reset == Reset::kBefore ? DotPause(t, rows) : ResetAfterTail(t) + rows - 1;
  std::vector<Part> parts = {{"W tiles", ComputeClosedForm(gru, t).inputs},
                             {"U tiles", words - 1 + DotPause(t, rows)},
                             {"U tiles with the reset", 2 * words - 1 + second},
                             {"bias tiles", rows * BiasPeriod(t, aie)},
                             {"update tile", UpdateTile(t, words)}};
  if (aie) {
    parts.push_back({"aggregator tiles", gru.hidden_size * SortPeriod(t) + words});
  } else {
    parts.push_back({"PL aggregator", ThreeGates(t, words)});
    parts.push_back({"a group's packets", kGates * rows * kPacketWords});
  }
  return parts;
}

std::vector<Part> Cascade(const PlannedShape& shape, const Timing& t) {
  const Shape gru = GruShape(shape);
  const Cycles words = gru.hidden_size;
  Shape chain = gru;  // a U chain is a W chain of as many columns
  chain.input_size = gru.hidden_size;
  const Cycles again = gru.reset == Reset::kBefore ? words : 0;  // r, behind h
  return {{"W chains", ComputeClosedForm(gru, t).inputs},
          {"U chains", ComputeClosedForm(chain, t).inputs + again},
          {"gate tiles", 2 * words},
          {"PL activator", ThreeGates(t, words)},
          {"update tile", UpdateTile(t, words)}};
}

// lane_gate.h, lanes_core.h.
std::vector<Part> Lanes(const PlannedShape& shape, const Timing& t) {
  const LaneNumerics numerics = NumericsOf(shape);
  const Cycles words = PaddedWords(shape.hidden_size), inputs = PaddedWords(shape.input_size);
  const LaneLayout layout{static_cast<int>(inputs), static_cast<int>(words), shape.weight_sets};
  const Cycles phases = LaneTwoPhases(shape.cell, numerics) ? 2 : 1;
  const Cycles vectors = shape.cell == LaneCell::kGruBefore ? 2 : 1;  // that the candidate multiplies
  const Cycles sum = std::max(t.accumulate_latency, t.mac_latency - 1) + t.accumulate_latency;
  const Cycles products = (layout.own_inputs() ? 0 : inputs + sum) + vectors * (words + sum);
  const Cycles cell_state = shape.cell == LaneCell::kLstm ? 1 : 0;
  return {{"W tiles", layout.own_inputs() ? FormOf(shape, t).inputs : 0},
          {"gate tiles", products + t.mac_latency + kLanes + t.loop_overhead},
          {"candidate's stream", phases * words},
          {"PL core", (phases + cell_state) * words / kBeatWords * t.pl_clock}};
}

}  // namespace

ClosedForm FormOf(const PlannedShape& shape, const Timing& timing) {
  if (!IsLanes(shape.mapping)) return ComputeClosedForm(GruShape(shape), timing);
  return LanesForm({{shape.hidden_size, shape.input_size, shape.cell, NumericsOf(shape), shape.weight_sets}}, timing);
}

std::vector<Part> Occupancies(const PlannedShape& shape, const Timing& timing) {
  if (IsLanes(shape.mapping)) return Lanes(shape, timing);
  return shape.mapping == kMappingCascade ? Cascade(shape, timing) : Rowwise(shape, timing);
}

Interleaving PlanInterleaving(const PlannedShape& shape, const Timing& timing) {
  const Cycles alone = FormOf(shape, timing).steady;
  const std::vector<Part> parts = Occupancies(shape, timing);
  const Part slowest =
      *std::max_element(parts.begin(), parts.end(), [](const Part& a, const Part& b) { return a.cycles < b.cycles; });
  if (slowest.cycles >= alone) return {1, alone, slowest.name};
  const Cycles wanted = (alone + slowest.cycles - 1) / slowest.cycles;
  if (wanted <= kStateSlots) return {static_cast<int>(wanted), slowest.cycles, slowest.name};
  return {kStateSlots, (alone + kStateSlots - 1) / kStateSlots, "slots of state"};
}

}  // namespace hw
}  // namespace recurd
