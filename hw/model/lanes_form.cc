#include "hw/model/lanes_form.h"

#include <algorithm>
#include <functional>

#include "hw/aie/graphs/lanes_stack.h"
#include "hw/model/path.h"

namespace recurd {
namespace hw {
namespace {

constexpr Cycles kLong = -1000000;  // long ago

int Gates(const LaneShape& shape) { return LaneGates(shape.cell); }

LanesSlots Slots(const LaneShape& shape) {
  const int words = PaddedWords(shape.hidden_size);
  return {{PaddedWords(shape.input_size), words, shape.weight_sets}, Gates(shape) * words / kLanes};
}
std::vector<LanesSlots> AllSlots(const std::vector<LaneShape>& layers) {
  std::vector<LanesSlots> slots;
  for (const LaneShape& layer : layers) slots.push_back(Slots(layer));
  return slots;
}

// One layer in its place.
class Layer {
 public:
  Layer(const LaneShape& shape, const LanesPlaces& places, const Timing& timing)
      : t_(timing),
        shape_(shape),
        places_(places),
        gates_(Gates(shape)),
        words_(PaddedWords(shape.hidden_size)),
        input_words_(PaddedWords(shape.input_size)),
        beats_(words_ / kBeatWords),
        layout_(Slots(shape).layout),
        two_phases_(LaneTwoPhases(shape.cell, shape.numerics)) {}

  // Once around, from the last beat of a state to that of the next. before_beats: of the layers before.
  void Around(int before_beats, ClosedForm* form) const {
    Path path;
    const Cycles free = t_.pl_clock * (1 + (lstm() ? beats_ : 0) + before_beats + (two_phases_ || lstm() ? 0 : 2));
    Step(kLong, free, &path);
    form->recurrent = path.time;
    form->parts = path.parts;
    form->inputs = Inputs();
    form->steady = std::max(form->recurrent, form->inputs);
  }

  // The last beat of the first new state. x: when the last word of x left the PL; h: the last beat of the state.
  Cycles First(Cycles x, Cycles h) const {
    Path path;
    Step(x - h, 0, &path);
    return h + path.time;
  }

  Cycles beats() const { return beats_; }
  Cycles state_beats() const { return LaneStateWords(shape_.cell, shape_.hidden_size) / kBeatWords; }
  Cycles input_beats() const { return input_words_ / kBeatWords; }
  bool lstm() const { return shape_.cell == LaneCell::kLstm; }

 private:
  bool exact() const { return shape_.numerics == LaneNumerics::kExact; }
  int candidate() const { return gates_ - 1; }
  int index(int gate, int block) const { return block * gates_ + gate; }
  Cycles Route(Place from, Place to) const { return Hops(from, to) * t_.switch_hop; }
  Cycles FromPl(Place to) const { return t_.cdc_to_aie + Route(places_.shim(), to); }
  // Words that the route from the PL to a tile holds.
  Cycles Held(Place to) const { return Hops(places_.shim(), to) * t_.switch_fifo + 2 * t_.port_fifo + t_.cdc_fifo; }
  Cycles ToPl(int tile) const { return Route(places_.gate(tile), places_.out(tile)) + t_.cdc_to_pl; }

  // lane_gate.h. From the last multiply-accumulate to the sum of both accumulators, and on to a vector.
  Cycles Total() const { return std::max(t_.accumulate_latency, t_.mac_latency - 1) + t_.accumulate_latency; }
  Cycles Sum() const { return Total() + t_.mac_latency; }
  // lane_exp.h.
  Cycles Exponential(int gate) const {
    if (!exact()) return 0;
    const Cycles twice = gate == candidate() ? t_.add_latency : 0;
    return twice + 2 * t_.compare_latency + 7 * t_.mac_latency + t_.add_latency + t_.accumulate_latency;
  }

  // From the last word of x in front of a tile to W x + b in front of the gate's tile; and to when that tile's vector
  // unit is free for U h.
  Cycles InputSum(int tile) const {
    const Cycles sum = kBeatWords + Sum() + (layout_.split_input() ? HandOver() - 1 : 0);
    return layout_.own_inputs() ? sum + kLanes + Route(places_.inputs(tile), GatePlace(tile)) : sum;
  }
  // Where x arrives, and W x + b.
  Place InputPlace(int tile) const { return layout_.own_inputs() ? places_.inputs(tile) : GatePlace(tile); }
  Place GatePlace(int tile) const { return layout_.split_state() ? places_.head(tile) : places_.gate(tile); }
  // lane_split.h: from a head's last multiply-accumulate to the tail's first.
  Cycles HandOver() const { return t_.mac_latency + t_.cascade_latency; }

  // When a gate's rows are in the PL, state and inputs having left at 0 and x. Adds the parts to path.
  void Product(int gate, int block, Cycles x, Path* path) const {
    const int tile = index(gate, block);
    path->Add("state into the array", kBeatWords - 1 + FromPl(places_.gate(tile)));
    path->Add("last four words", kBeatWords);
    const Cycles input = x + FromPl(InputPlace(tile));
    const bool fused = !layout_.own_inputs();
    if (layout_.split_state()) {
      const Cycles rest = words_ - layout_.state_head();
      const Cycles left = kBeatWords - 1 - rest / kBeatWords * t_.pl_clock;
      Cycles head = left + FromPl(places_.head(tile)) + kBeatWords;
      if (fused) head = std::max(head, input + kBeatWords + Total() + layout_.state_head());
      path->Await("sums from the head", head + HandOver() + rest - 1);
    } else if (fused) {
      path->Await("inputs before the state", input + kBeatWords + Total() + words_);
    }
    path->Add("even and odd sum", Total());
    if (layout_.own_inputs()) path->Await("inputs", input + InputSum(tile));
    path->Add("sum with the inputs", t_.mac_latency);
  }
  void Deliver(int gate, int beat, Path* path) const {
    path->Add("exponential", Exponential(gate));
    path->Add("four rows leave", kBeatWords * (beat % 2) + kBeatWords - 1);
    path->Add("rows into the PL", ToPl(index(gate, beat / 2)));
    path->Align("wait for the PL clock", t_.pl_clock);
  }

  using Way = std::function<void(int gate, int beat, Path* path)>;
  // The latest of all rows of gates first..last.
  void Slowest(int first, int last, const Way& way, Path* path) const {
    Path slowest = *path;
    for (int gate = first; gate <= last; ++gate) {
      for (int beat = 0; beat < beats_; ++beat) {
        Path other = *path;
        way(gate, beat, &other);
        other.Add("rows behind", (beats_ - 1 - beat) * t_.pl_clock);
        if (slowest.parts.size() == path->parts.size() || other.time > slowest.time) slowest = other;
      }
    }
    *path = slowest;
  }

  // From the last beat of a state (time 0) to that of the next.
  void Step(Cycles x, Cycles free, Path* path) const {
    const auto products = [this, x](int gate, int beat, Path* way) {
      Product(gate, beat / 2, x, way);
      Deliver(gate, beat, way);
    };
    const bool before = shape_.cell == LaneCell::kGruBefore;
    const int last = two_phases_ && !lstm() ? candidate() - 1 : candidate();
    const Cycles begins = std::max(free, CandidateInputs(x));
    Slowest(0, last, products, path);
    path->Await("PL busy", begins + beats_ * t_.pl_clock);
    if (two_phases_) {
      path->Add("PL: reset or cell", t_.pl_clock * LaneLatency(t_, shape_.cell, shape_.numerics, 0));
      const Cycles sent = path->time;
      const std::vector<Cycles> left = before ? std::vector<Cycles>{sent} : SecondVector(last, products, begins, x);
      const auto second = [&](int gate, int beat, Path* way) {
        if (before) {
          Path product;
          Product(gate, beat / 2, x - sent, &product);
          for (const Part& part : product.parts) way->Add(part.name, part.cycles);
        } else {
          const Cycles own = left[beat / 2 * 2 + 1];
          way->Add("rows sent before the last", std::min<Cycles>(0, own - sent));
          way->Await("sending held up by busy tiles", own);
          Pick(beat / 2, x, way);
        }
        Deliver(gate, beat, way);
      };
      Slowest(candidate(), candidate(), second, path);
      path->Await("PL busy", left.back() + beats_ * t_.pl_clock);
    }
    path->Add("PL: new state", t_.pl_clock * LaneLatency(t_, shape_.cell, shape_.numerics, 1));
  }

  // When the PL has W x + b of all blocks of a candidate that sends it apart.
  Cycles CandidateInputs(Cycles x) const {
    if (two_phases_ || lstm()) return kLong;
    Cycles latest = kLong;
    for (int block = 0; block < words_ / kLanes; ++block) {
      const int tile = index(candidate(), block);
      const Cycles sent = x + FromPl(InputPlace(tile)) + InputSum(tile) + (layout_.own_inputs() ? 1 : 0) + kLanes - 1;
      latest = std::max(latest, RoundUp(sent + ToPl(tile), t_.pl_clock));
    }
    return latest + t_.pl_clock;
  }

  // When the beats of r or c leave the PL, made of gates 0..last, from `begins` on. A tile that has its own rows
  // computes and takes those behind them only then: meanwhile its route fills up, and holds up the sending to all.
  std::vector<Cycles> SecondVector(int last, const Way& way, Cycles begins, Cycles x) const {
    const Cycles latency = t_.pl_clock * LaneLatency(t_, shape_.cell, shape_.numerics, 0);
    std::vector<Cycles> left, resumed;
    for (int beat = 0; beat < beats_; ++beat) {
      Cycles time = (beat == 0 ? begins + latency : left.back()) + t_.pl_clock;
      for (int gate = 0; gate <= last; ++gate) {
        Path rows;
        way(gate, beat, &rows);
        time = std::max(time, rows.time + latency);
      }
      for (int block = 0; block < beat / 2; ++block) {
        const Cycles held = Held(places_.gate(index(candidate(), block)));
        const Cycles more = kBeatWords * (beat + 1) - kLanes * (block + 1) - held;
        if (more > 0) time = std::max(time, RoundUp(resumed[block] + more - kBeatWords, t_.pl_clock));
      }
      left.push_back(time);
      if (beat % 2 == 1) resumed.push_back(Resumed(beat / 2, time, x));
    }
    return left;
  }
  // When a candidate's tile is done with its rows of the second vector, the last beat of which left at `left`.
  Cycles Resumed(int block, Cycles left, Cycles x) const {
    Path way;
    way.time = left;
    Pick(block, x, &way);
    return way.time + Exponential(candidate()) + kLanes + t_.loop_overhead;
  }

  // From a block's rows of the second vector in front of the array to their gate.
  void Pick(int block, Cycles x, Path* way) const {
    way->Add("reset or cell into the array", kBeatWords + FromPl(places_.gate(index(candidate(), block))));
    if (lstm()) return;
    Path state;
    Product(candidate(), block, x, &state);
    way->Await("state's part", state.time);
    way->Add("reset", t_.mac_latency);
  }

  // Between two rows of x. Fused: the tile's own work between two states, the last words of one to those of the next.
  Cycles Inputs() const {
    const Cycles written = kLanes + t_.loop_overhead;
    if (layout_.own_inputs()) return InputRows(kBeatWords + Sum() + written);
    if (two_phases_) return 0;  // the PL's part of a step takes longer
    return Sum() + written + input_words_ - 1 + kBeatWords + Total() + words_;
  }

  // What a W tile takes at a word a cycle, and its pause behind a row; what the PL sends; or, while a tile pauses, what
  // it sends until that tile's route is full, and after the pause the rest.
  Cycles InputRows(Cycles pause) const {
    Cycles period = std::max(input_words_ - 1 + pause, input_words_ / kBeatWords * t_.pl_clock);
    for (int tile = 0; tile < gates_ * words_ / kLanes; ++tile) {
      const Cycles held = Held(InputPlace(tile));
      const Cycles stalled =
          RoundUp(kBeatWords - 1 + FromPl(InputPlace(tile)) + pause - held % kBeatWords, t_.pl_clock);
      period = std::max(period, stalled + (input_words_ / kBeatWords - held / kBeatWords - 1) * t_.pl_clock);
    }
    return period;
  }

  const Timing& t_;
  const LaneShape shape_;
  const LanesPlaces places_;
  const int gates_, words_, input_words_, beats_;
  const LaneLayout layout_;
  const bool two_phases_;
};

class Stack {
 public:
  Stack(const std::vector<LaneShape>& shapes, const Timing& timing) : t_(timing) {
    const int rows = LanesRows(AllSlots(shapes));
    int column = kFirstPlColumn;
    for (const LaneShape& shape : shapes) {
      const LanesPlaces places = Slots(shape).places(column, rows);
      layers_.emplace_back(shape, places, timing);
      column += places.columns();
    }
  }

  ClosedForm Compute() const {
    ClosedForm form;
    int before = 0;
    for (const Layer& layer : layers_) {
      ClosedForm own;
      layer.Around(before, &own);
      if (own.steady > form.steady) form = own;
      before += static_cast<int>(layer.state_beats());
    }
    form.first = First(false);
    form.switch_in = First(true) - form.first;
    return form;
  }

 private:
  // A beat written into a FIFO of the PL at a cycle is read that much later.
  Cycles Fifo() const { return RoundUp(kBeatWords - 1 + t_.pl_clock, t_.pl_clock); }

  // When the last word of the first state row is in the PL.
  Cycles First(bool switched) const {
    Cycles all = 0;
    for (const Layer& layer : layers_) all += layer.state_beats();
    const Cycles skipped = switched ? 1 + all : 0;                                  // beats in front of RUN
    Cycles command = RoundUp(kBeatWords - 1, t_.pl_clock) + skipped * t_.pl_clock;  // in the feeder
    Cycles x = command + layers_[0].input_beats() * t_.pl_clock;                    // its last beat of x
    Cycles row = 0;
    for (const Layer& layer : layers_) {
      Cycles core = command + Fifo() + t_.pl_clock;
      if (switched && layers_.size() > 1) core += layer.state_beats() * t_.pl_clock;
      const Cycles h = core + (layer.beats() - 1) * t_.pl_clock;
      row = layer.First(x + kBeatWords - 1, h);
      x = row + Fifo();
      if (layer.lstm()) row += t_.pl_clock * (1 + layer.beats());
      command = core + Fifo();
    }
    return row + Fifo();
  }

  const Timing& t_;
  std::vector<Layer> layers_;
};

std::string Exceeds(const char* what, int number, int limit, const char* way_out) {
  return std::string(what) + " " + std::to_string(number) + ", but the limit is " + std::to_string(limit) + "; " +
         way_out;
}

}  // namespace

int LanesTiles(const std::vector<LaneShape>& layers) {
  int tiles = 0;
  for (const LanesSlots& layer : AllSlots(layers)) tiles += layer.gate_tiles * layer.layout.tiles();
  return tiles;
}

std::string LanesLimit(const std::vector<LaneShape>& layers) {
  const std::vector<LanesSlots> slots = AllSlots(layers);
  int outputs = 0;
  for (const LanesSlots& layer : slots) {
    outputs += layer.gate_tiles;
    const int bytes = layer.layout.most_bytes();
    if (bytes > kTileDataBytes) {
      return Exceeds("a tile's bytes of data", bytes, kTileDataBytes, "keep fewer weight sets resident");
    }
  }
  if (outputs > kPlColumns * kPlioOutPerColumn) {
    return Exceeds("output PLIOs, one for eight rows of a gate,", outputs, kPlColumns * kPlioOutPerColumn,
                   "use smaller layers");
  }
  if (LanesRows(slots) == 0) return Exceeds("rows of tiles above", kRows + 1, kRows, "keep fewer weight sets resident");
  return "";
}

ClosedForm LanesForm(const std::vector<LaneShape>& layers, const Timing& timing) {
  return Stack(layers, timing).Compute();
}

}  // namespace hw
}  // namespace recurd
