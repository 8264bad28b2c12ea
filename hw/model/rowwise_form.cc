#include "hw/model/rowwise_form.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "hw/aie/graphs/rowwise_places.h"
#include "hw/model/path.h"
#include "hw/model/tile_costs.h"

namespace recurd {
namespace hw {
namespace {

// A step, once around: n -> update tile -> h to all U tiles -> bias tiles -> packets -> r -> special tiles -> bias
// tiles -> packets -> n. What differs between the mappings is how packets become a vector and where that comes from. W
// tiles work beside this loop; z is over before n.
class Rowwise {
 public:
  Rowwise(const Shape& shape, const Timing& timing, int central_tiles)
      : t_(timing),
        rows_(RowReuse(shape.hidden_size)),
        places_{shape.hidden_size / rows_, central_tiles},
        words_(PaddedWords(shape.hidden_size)),
        beats_(words_ / kBeatWords),
        input_words_(PaddedWords(shape.input_size)),
        reset_(shape.reset),
        activates_(shape.mapping == kMappingAie) {}
  virtual ~Rowwise() = default;

  ClosedForm Compute() const {
    ClosedForm form;
    Path loop;
    loop.time = VectorPhase();
    AddBlend(&loop);
    AddGates(&loop, kLongAgo);
    form.recurrent = loop.time - VectorPhase();
    form.parts = loop.parts;
    form.inputs = Inputs();
    form.steady = std::max(form.recurrent, form.inputs);
    form.first = First(false);
    form.switch_in = First(true) - form.first;
    return form;
  }

 protected:
  static constexpr Cycles kLongAgo = -1000000000;

  // From the last word of a vector at its aggregator to the tile that needs it.
  virtual Cycles RToSpecial(int group) const = 0;
  virtual Cycles NToUpdate() const = 0;
  // From the last words of the groups' first packets at their bias tiles to the last word of the gate's vector.
  virtual Path Deliver(std::vector<Path> packets, int gate) const = 0;
  // Whether a packet of z goes before r's, so that all of z's last packets are waited for. `h`, `x` as in AddGates.
  virtual bool ZOvertakes(const Path& h, Cycles x) const = 0;
  // When the last word of a vector leaves whose first left at 0.
  virtual Cycles VectorPhase() const = 0;
  // How many words of a new state leave without a gap.
  virtual Cycles Burst() const = 0;
  // When the last word of a command is at the update tile that the feeder passed on at `feeder`.
  virtual Cycles CommandAtUpdate(Cycles feeder) const = 0;
  // Between the last words of a SWITCH and of the command behind its row, in the slowest tile.
  virtual Cycles SwitchGap() const = 0;

  Cycles Route(Place from, Place to) const { return Hops(from, to) * t_.switch_hop; }
  Cycles FromPl(Place to) const { return t_.cdc_to_aie + Route(places_.middle(), to); }
  int groups() const { return places_.rows; }
  // Further rows of a bias tile.
  Cycles LastRow() const { return (rows_ - 1) * BiasPeriod(t_, activates_); }

  // To the last word of a group's first packet at its bias tile.
  void AddPacket(Path* path, int gate, int group, Cycles x) const {
    const Place w = places_.w(group, gate), u = places_.u(group, gate), bias = places_.bias(group, gate);
    if (gate != kGateNew) {
      path->Add("broadcast of h", Route(places_.update(), u));
      path->Add("dot", DotTail(t_));
    } else {
      path->Add("broadcast of r", RToSpecial(group));
      path->Add("reset and dot", reset_ == Reset::kBefore ? DotTail(t_) : ResetAfterTail(t_));
    }
    path->Add("to the bias tile", Route(u, bias));
    path->Await("inputs", x + FromPl(w) + DotTail(t_) + Route(w, bias) + t_.add_latency);
    path->Add(activates_ ? "bias and activation" : "bias", BiasTail(t_, activates_));
  }

  const Timing& t_;
  const int rows_;  // of a tile
  const RowwisePlaces places_;
  const Cycles words_, beats_, input_words_;
  const Reset reset_;
  const bool activates_;

 private:
  void AddBlend(Path* path) const {
    path->Add("n to the update tile", NToUpdate());
    path->Add("blend", BlendTail(t_));
  }

  // From the last word of h at the update tile to the last word of n at its aggregator. `x`: when the last word of the
  // inputs leaves the PL.
  void AddGates(Path* path, Cycles x) const {
    Path r = Latest(*path, kGateReset, x);
    if (ZOvertakes(*path, x)) r.Await("z in front", std::max(Latest(*path, kGateUpdate, x).time, r.time + t_.pl_clock));
    *path = Latest(r, kGateNew, kLongAgo);
  }

  // The gate's vector.
  Path Latest(const Path& from, int gate, Cycles x) const {
    std::vector<Path> packets(groups(), from);
    for (int group = 0; group < groups(); ++group) AddPacket(&packets[group], gate, group, x);
    return Deliver(std::move(packets), gate);
  }

  // Between two rows of x: what a W tile takes at a word a cycle; what the PL sends; or, while a tile pauses, what it
  // sends until that tile's route is full, and after the pause the rest.
  Cycles Inputs() const {
    const Cycles pause = DotPause(t_, rows_);
    Cycles period = std::max(input_words_ - 1 + pause, input_words_ / kBeatWords * t_.pl_clock);
    for (int at = 0; at < kGates * groups(); ++at) {
      const Place w = places_.w(at / kGates, at % kGates);
      const Cycles held = Hops(places_.middle(), w) * t_.switch_fifo + 2 * t_.port_fifo + t_.cdc_fifo;
      const Cycles resumed = RoundUp(kBeatWords - 1 + FromPl(w) + pause - held % kBeatWords, t_.pl_clock);
      const Cycles rest = (input_words_ / kBeatWords - held / kBeatWords - 1) * t_.pl_clock;
      period = std::max(period, resumed + rest);
    }
    return period;
  }

  // When the last word of the first state row is in the PL, with a SWITCH and its row in front of RUN or without.
  Cycles First(bool switched) const {
    const Cycles before = switched ? (1 + beats_) * t_.pl_clock : 0;
    const Cycles feeder = RoundUp(kBeatWords - 1, t_.pl_clock) + before;
    const Cycles x = feeder + input_words_ / kBeatWords * t_.pl_clock + kBeatWords - 1;
    Path path;
    path.time = CommandAtUpdate(feeder);
    if (switched) path.time += std::max<Cycles>(0, SwitchGap() - before);
    path.time += kBeatWords + words_;  // it goes on, and the state behind it
    AddGates(&path, x);
    AddBlend(&path);
    path.time += Route(places_.update(), places_.middle()) + t_.cdc_to_pl;
    // The PL takes the last burst beat by beat.
    const Cycles first_beat = RoundUp(path.time - Burst() + kBeatWords, t_.pl_clock);
    return std::max(RoundUp(path.time, t_.pl_clock), first_beat + (Burst() / kBeatWords - 1) * t_.pl_clock);
  }
};

class Hybrid : public Rowwise {
 public:
  Hybrid(const Shape& shape, const Timing& timing) : Rowwise(shape, timing, 1) {}

 private:
  Cycles RToSpecial(int group) const override { return FromPl(places_.u(group, kGateNew)); }
  Cycles NToUpdate() const override { return FromPl(places_.update()); }
  Cycles VectorPhase() const override { return t_.pl_clock * (beats_ - 1) + kBeatWords - 1; }
  Cycles Burst() const override { return kLanes; }
  Cycles CommandAtUpdate(Cycles feeder) const override {
    return feeder + 2 * t_.pl_clock + kBeatWords - 1 + FromPl(places_.update());
  }
  Cycles SwitchGap() const override { return SwitchPeriod(t_, beats_); }

  // By way of the group whose packets complete it.
  Path Deliver(std::vector<Path> packets, int gate) const override {
    for (int group = 0; group < groups(); ++group) {
      Path& path = packets[group];
      path.Add("further rows", LastRow());
      path.Add("packet into the PL",
               ToMerge(gate, group) + Route(MergeOf(group), places_.row_out(group)) + t_.cdc_to_pl);
      path.Align("wait for the PL clock", t_.pl_clock);
      path.Add("PL aggregator", t_.pl_clock);
      path.Add(gate == kGateReset ? "stream of r" : "stream of n", VectorPhase());
    }
    return *std::max_element(packets.begin(), packets.end(),
                             [](const Path& a, const Path& b) { return a.time < b.time; });
  }
  // Packets enter the merge as they come, and the PL takes one of each port at a time.
  bool ZOvertakes(const Path& h, Cycles x) const override {
    for (int group = 0; group < groups(); ++group) {
      Path r = h, z = h;
      AddPacket(&r, kGateReset, group, x);
      AddPacket(&z, kGateUpdate, group, x);
      if (z.time + ToMerge(kGateUpdate, group) < r.time + ToMerge(kGateReset, group)) return true;
    }
    return false;
  }

  // The merge stands with the first gate's bias tile.
  Place MergeOf(int group) const { return places_.bias(group, kGateReset); }
  Cycles ToMerge(int gate, int group) const { return Route(places_.bias(group, gate), MergeOf(group)); }
};

class Aie : public Rowwise {
 public:
  Aie(const Shape& shape, const Timing& timing) : Rowwise(shape, timing, 4) {}

 private:
  Cycles RToSpecial(int group) const override {
    return Route(places_.aggregator(kGateReset), places_.u(group, kGateNew));
  }
  Cycles NToUpdate() const override { return Route(places_.aggregator(kGateNew), places_.update()); }
  Cycles VectorPhase() const override { return 0; }
  Cycles Burst() const override { return words_; }
  // Down the chain of aggregators, a beat from each to the next.
  Cycles CommandAtUpdate(Cycles feeder) const override {
    const Place r = places_.aggregator(kGateReset), z = places_.aggregator(kGateUpdate),
                n = places_.aggregator(kGateNew);
    return feeder + kBeatWords - 1 + FromPl(r) + kGates * kBeatWords + Route(r, z) + Route(z, n) + NToUpdate();
  }
  // A merge a gate.
  bool ZOvertakes(const Path&, Cycles) const override { return false; }
  Cycles SwitchGap() const override { return std::max(SwitchPeriod(t_, beats_), PassPeriod(t_, beats_)); }

  // Packets in the order in which the merge, which stands with the middle group, takes them: whichever header is there
  // first, or of those that are there in turns; then it holds until the packet is over, and until the way to the
  // aggregator, which is slower, has room for it.
  Path Deliver(std::vector<Path> packets, int gate) const override {
    const Place merge = places_.bias(groups() / 2, gate), aggregator = places_.aggregator(gate);
    const Cycles way = Route(merge, aggregator);
    const Cycles room = (Hops(merge, aggregator) * t_.switch_fifo + 2 * t_.port_fifo) / kPacketWords;
    std::vector<int> taken(groups(), 0);
    std::vector<Cycles> sorted;  // when the aggregator has read each packet
    Cycles merge_free = kLongAgo, aggregator_free = kLongAgo, first = 0;
    int turn = groups() / 2;
    while (static_cast<Cycles>(sorted.size()) < groups() * rows_) {
      const Cycles has_room = static_cast<Cycles>(sorted.size()) < room ? kLongAgo : sorted[sorted.size() - room];
      int best = -1;
      Cycles start = 0, last = 0;
      for (int i = 0; i < groups(); ++i) {
        const int group = (turn + i) % groups();
        if (taken[group] == rows_) continue;
        const Cycles end =
            packets[group].time + taken[group] * BiasPeriod(t_, activates_) + Route(places_.bias(group, gate), merge);
        const Cycles at = std::max({end - PacketSpan(t_, activates_), merge_free});
        if (best >= 0 && at >= start) continue;
        best = group;
        start = at;
        last = std::max({end, at + kPacketWords - 1, has_room});
      }
      ++taken[best];
      turn = (best + 1) % groups();
      merge_free = last + 1;
      if (sorted.empty()) first = best;
      const Cycles read = std::max(last + way, aggregator_free + kPacketWords - 1);
      sorted.push_back(read);
      aggregator_free = read + SortTail(t_);
    }
    Path path = packets[first];
    path.Add("packets to the aggregator", sorted.back() - path.time);
    path.Add("last packet", SortTail(t_));
    path.Add(gate == kGateReset ? "stream of r" : "stream of n", t_.load_latency + words_ - 1);
    return path;
  }
};

}  // namespace

ClosedForm RowwiseForm(const Shape& shape, const Timing& timing) {
  return shape.mapping == kMappingAie ? Aie(shape, timing).Compute() : Hybrid(shape, timing).Compute();
}

}  // namespace hw
}  // namespace recurd
