#include "hw/model/cascade_form.h"

#include <algorithm>

#include "hw/aie/graphs/cascade_places.h"
#include "hw/model/path.h"
#include "hw/model/tile_costs.h"

namespace recurd {
namespace hw {
namespace {

constexpr Cycles kRowVectors = 4;  // column_block.h

// A step, once around: n -> update tile -> h to the U chain of r -> its gate tile -> indices -> PL -> r to the U chain
// of n, or to its gate tile -> indices -> PL -> n. A chain hands on sums when its tiles have the whole vector.
class Cascade {
 public:
  Cascade(const Shape& shape, const Timing& timing)
      : t_(timing),
        words_(PaddedWords(shape.hidden_size)),
        vectors_(words_ / kLanes),
        beats_(words_ / kBeatWords),
        input_words_(PaddedWords(shape.input_size)),
        blocks_(static_cast<int>(vectors_)),
        input_blocks_(static_cast<int>(input_words_ / kLanes)),
        reset_(shape.reset),
        places_{blocks_, input_blocks_} {}

  ClosedForm Compute() const {
    ClosedForm form;
    Path loop;
    loop.time = VectorPhase();
    AddBlend(&loop);
    AddGates(&loop, 2 * t_.pl_clock, kLongAgo);
    form.recurrent = loop.time - VectorPhase();
    form.parts = loop.parts;
    form.inputs = Inputs();
    form.steady = std::max(form.recurrent, form.inputs);
    form.first = First(false);
    form.switch_in = First(true) - form.first;
    return form;
  }

 private:
  static constexpr Cycles kLongAgo = -1000000000;

  Cycles Route(Place from, Place to) const { return Hops(from, to) * t_.switch_hop; }
  Cycles FromPl(Place from, Place to) const { return t_.cdc_to_aie + Route(from, to); }
  Cycles ToPl(Place from, Place to) const { return Route(from, to) + t_.cdc_to_pl; }
  // From a vector's first beat to its last word.
  Cycles VectorPhase() const { return t_.pl_clock * (beats_ - 1) + kBeatWords - 1; }

  // column_block: from the tile's part of the vector to the end of its products.
  Cycles Products() const {
    const Cycles full = vectors_ / kRowVectors, rest = vectors_ % kRowVectors;
    const Cycles column = std::max(kRowVectors, t_.accumulate_latency);
    const Cycles rest_column = std::max(rest, t_.accumulate_latency);
    const Cycles last =
        rest == 0 ? full * 8 * column - column + kRowVectors - 1 : full * 8 * column + 7 * rest_column + rest - 1;
    return last + t_.mac_latency + 1;
  }

  // When the end of a chain has the first of its sums. `part(b)`: when tile b has its part of the vector, `whole(b)`:
  // the whole of it.
  template <class Part, class Whole>
  Cycles Chain(int blocks, Part part, Whole whole) const {
    Cycles sums = 0;
    for (int b = 0; b < blocks; ++b) {
      const Cycles own = std::max(part(b) + Products(), whole(b)) + t_.loop_overhead + t_.load_latency;
      sums = b == 0 ? own + t_.mac_latency - t_.accumulate_latency
                    : std::max(own, sums + t_.cascade_latency + 1) + t_.mac_latency;
    }
    return sums + t_.cascade_latency;
  }

  // When a chain whose tiles get a vector over the stream has its first sum; `last`: when the vector's last word sets
  // out, `spacing`: between eight words and the next.
  template <class Tile>
  Cycles StreamChain(Cycles last, Cycles spacing, Cycles multiply, int blocks, Tile route) const {
    return Chain(
        blocks, [&](int b) { return last - (blocks - 1 - b) * spacing + route(b) + 1 + multiply; },
        [&](int b) { return last + route(b) + 1; });
  }

  // From a group's rows to the first of their indices.
  Cycles IndexTail(Cycles group) const {
    return t_.mac_latency + 2 * std::max(t_.compare_latency, group) + t_.convert_latency;
  }

  // The gate tile's last index, `sums` being the first sum's arrival, `ready` when (bias + W x) is there.
  Cycles LastIndex(Cycles sums, Cycles ready) const {
    const Cycles sum = std::max(sums, ready) + 1 + t_.mac_latency - t_.accumulate_latency;
    const Cycles first = std::max(sum, ready + t_.load_latency);
    return first + t_.add_latency + IndexTail(std::min(vectors_, kRowVectors)) + words_ - 1;
  }
  // cascade_gate_reset: the same from the last word of r on, which comes eight words in two PL cycles. Some rows at a
  // time: the vector unit is free for them when the indices before are made, the stream when those have left.
  Cycles LastIndexReset(Cycles r) const {
    Cycles unit = kLongAgo, stream = kLongAgo;
    for (Cycles done = 0; done < vectors_;) {
      const Cycles rows = std::min(vectors_ - done, kRowVectors);
      done += rows;
      const Cycles reset = std::max(r - (vectors_ - done) * 2 * t_.pl_clock + 1, unit + rows);
      const Cycles made = reset + t_.mac_latency + t_.add_latency + IndexTail(rows);
      const Cycles first = rows == 1 ? made : made - std::max(t_.compare_latency, rows) + 1;
      unit = made - t_.convert_latency;
      stream = std::max(first, stream) + rows * kLanes;
    }
    return stream - 1;
  }

  void AddBlend(Path* path) const {
    path->Add("n to the update tile", FromPl(places_.zn_in(), places_.update()));
    path->Add("blend", BlendTail(t_));
  }

  // From the last word of h at the update tile to the last word of n at the activator. `spacing`: of h's blocks.
  void AddGates(Path* path, Cycles spacing, Cycles inputs) const {
    const auto h_route = [&](int b) { return Route(places_.update(), places_.u(kGateReset, b)); };
    const Cycles r_sums = StreamChain(path->time, spacing, 0, blocks_, h_route);
    path->Await("h through the U chain", r_sums);
    path->Await("inputs and gate", LastIndex(r_sums, inputs));
    AddPl(path, kGateReset, kLongAgo);
    const Cycles z_written = path->time - (kBeatWords - 1) + beats_ * t_.pl_clock;
    const auto r_route = [&](int b) { return FromPl(places_.r_in(), places_.u(kGateNew, b)); };
    if (reset_ == Reset::kBefore) {
      const Cycles n_sums = StreamChain(path->time, 2 * t_.pl_clock, t_.mac_latency, blocks_, r_route);
      path->Await("r through the U chain", n_sums);
      path->Await("gate", LastIndex(n_sums, kLongAgo));
    } else {
      path->Add("r to the gate tile", FromPl(places_.r_in(), places_.gate_tile(kGateNew)));
      path->Await("gate", LastIndexReset(path->time));
    }
    AddPl(path, kGateNew, z_written);
  }

  // Indices into the PL and values out of it, beat by beat and gate by gate: `before` is the beat of the gate before.
  void AddPl(Path* path, int gate, Cycles before) const {
    path->Add("indices into the PL", ToPl(places_.gate_tile(gate), places_.indices_out(gate)));
    const Cycles first = std::max(RoundUp(path->time - words_ + kBeatWords, t_.pl_clock), before + t_.pl_clock);
    path->Align("wait for the PL clock", t_.pl_clock);
    path->Await("PL activator", first + (beats_ - 1) * t_.pl_clock);
    path->Add("last beat", kBeatWords - 1);
  }

  // When the gate tile of r has (bias + W x); `last`: when the last word of x leaves the PL.
  Cycles InputsReady(Cycles last) const {
    const auto route = [&](int b) { return FromPl(places_.x_in(), places_.w(kGateReset, b)); };
    const Cycles sums = StreamChain(last, 2 * t_.pl_clock, 0, input_blocks_, route);
    const Cycles streamed = sums + 1 + t_.mac_latency - t_.accumulate_latency + words_ - 1 +
                            Route(places_.to_stream(kGateReset), places_.gate_tile(kGateReset));
    return streamed + 1 + t_.add_latency + 1 + t_.loop_overhead;
  }

  // Between two vectors of x: what the last tile takes by itself, what the PL sends, or what a tile waits for the sums
  // of the first, whose x is held back while that tile's route is full.
  Cycles Inputs() const {
    const Cycles sums = t_.loop_overhead + t_.load_latency + vectors_ + t_.loop_overhead;
    Cycles period =
        std::max(input_words_ + Products() + t_.mac_latency + sums, input_words_ / kBeatWords * t_.pl_clock);
    for (int at = 0; at < kGates * input_blocks_; ++at) {
      const int gate = at / input_blocks_, b = at % input_blocks_;
      const Cycles held = Hops(places_.x_in(), places_.w(gate, b)) * t_.switch_fifo + 2 * t_.port_fifo + t_.cdc_fifo;
      if (b == 0 || held >= input_words_) continue;
      const Cycles behind = FromPl(places_.x_in(), places_.w(gate, 0)) + t_.mac_latency - t_.accumulate_latency +
                            b * (t_.cascade_latency + 1 + t_.mac_latency);
      const Cycles rest = (input_words_ - held) / kBeatWords * t_.pl_clock;
      period = std::max(period, RoundUp(rest + behind + sums, t_.pl_clock));
    }
    return period;
  }

  // When the last word of the first state row is in the PL, with a SWITCH and its row in front of RUN or without.
  Cycles First(bool switched) const {
    const Cycles before = switched ? (1 + beats_) * t_.pl_clock : 0;
    const Cycles feeder = RoundUp(kBeatWords - 1, t_.pl_clock) + before;
    const Cycles x = feeder + input_words_ / kBeatWords * t_.pl_clock + kBeatWords - 1;
    Path path;
    path.time = feeder + 2 * t_.pl_clock + kBeatWords - 1 + FromPl(places_.zn_in(), places_.update());
    if (switched) path.time += std::max<Cycles>(0, SwitchPeriod(t_, beats_) - before);
    path.time += kBeatWords + words_;  // the command goes on, and the state behind it
    AddGates(&path, kLanes, InputsReady(x));
    AddBlend(&path);
    path.time += ToPl(places_.update(), places_.y_out());
    return std::max(RoundUp(path.time, t_.pl_clock), RoundUp(path.time - kBeatWords, t_.pl_clock) + t_.pl_clock);
  }

  const Timing& t_;
  const Cycles words_, vectors_, beats_, input_words_;
  const int blocks_, input_blocks_;
  const Reset reset_;
  const CascadePlaces places_;
};

}  // namespace

ClosedForm CascadeForm(const Shape& shape, const Timing& timing) { return Cascade(shape, timing).Compute(); }

}  // namespace hw
}  // namespace recurd
