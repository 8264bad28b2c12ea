#ifndef RECURD_HW_AIE_GRAPHS_GRU_AIE_H_
#define RECURD_HW_AIE_GRAPHS_GRU_AIE_H_

#include "hw/aie/graphs/gru_rowwise.h"
#include "hw/aie/kernels/sort_rows.h"

namespace recurd {
namespace hw {

// The paper's AIE-only mapping: nine tiles a group of rows (for each gate W x, U h, and bias with activation), an
// aggregator tile a gate and the update tile, 9H + 4 in all up to 32 units. A gate's packets meet in one merge in
// front of its aggregator, which sorts them. The PL isn't in the loop.
// The aggregators' chain carries commands, z and n to the update tile; see sort_rows.h.
// PLIOs besides x and y, 128 bits: control (commands and state rows) in.
// At 32 groups a merge has all 32 ways that packet ids allow. The paper's authors report, in the history of their
// public sources, a fault of the tools beyond 31; with 31 or fewer groups (H = 28, or 60) it cannot arise.
// Source: arXiv 2511.15626, section 4 and Table 1.   C++17.
template <class Config>
class GruAie : public GruRowwise<Config, 4> {
  using Base = GruRowwise<Config, 4>;

 public:
  adf::input_port tables[kGates * Base::kGroups];  // [gate][group] -> the gate's activation; written once

  GruAie() {
    create_plio(control_, "control", Base::kPlaces.middle());
    constexpr int rows = Config::kHidden, groups = Base::kGroups;
    sort_[kGateReset] = adf::kernel::create(sort_reset<rows, groups>);
    sort_[kGateUpdate] = adf::kernel::create(sort_gate<kGateUpdate, rows, groups>);
    sort_[kGateNew] = adf::kernel::create(sort_gate<kGateNew, rows, groups>);
    adf::connect<adf::stream>(control_.out[0], sort_[kGateReset].in[1]);
    adf::connect<adf::stream>(sort_[kGateReset].out[1], sort_[kGateUpdate].in[1]);
    adf::connect<adf::stream>(sort_[kGateUpdate].out[0], sort_[kGateNew].in[1]);
    adf::connect<adf::stream>(sort_[kGateNew].out[0], this->update_.in[0]);
    add_rows<kGateReset>();
    add_rows<kGateUpdate>();
    add_rows<kGateNew>();
  }

 private:
  template <int gate>
  void add_rows() {
    place_kernel(sort_[gate], "sort_rows.cc", Base::kPlaces.aggregator(gate));
    adf::stack_size(sort_[gate]) = kDefaultStackBytes + 4 * RowSlots(Config::kHiddenWords);
    merge_[gate] = adf::pktmerge<Base::kGroups>::create();
    for (int group = 0; group < Base::kGroups; ++group) add_bias<gate>(group);
    adf::connect<adf::pktstream>(merge_[gate].out[0], sort_[gate].in[0]);
  }

  template <int gate>
  void add_bias(int group) {
    adf::kernel& bias = this->bias_[gate * Base::kGroups + group];
    bias = adf::kernel::create(bias_activate<gate, Config::kGroupRows, Config::kSets>);
    this->template add_gate<gate>(group, sort_[kGateReset].out[0]);
    // The table takes 31,000 of the tile's 32,768 bytes: it has one buffer, and the kernel no use for a heap.
    adf::heap_size(bias) = kLeastHeapBytes;
    adf::connect<adf::parameter>(tables[gate * Base::kGroups + group], adf::async(bias.in[4]));
    adf::single_buffer(bias.in[4]);
    // A merge stands with its first way: the group in the middle, next to the aggregator.
    const int way = (group + Base::kGroups - Base::kGroups / 2) % Base::kGroups;
    adf::connect<adf::pktstream>(bias.out[0], merge_[gate].in[way]);
  }

  static constexpr int kLeastHeapBytes = 32;  // sizes are multiples of 32: UG1076, heapsize

  adf::input_plio control_;
  adf::kernel sort_[kGates];
  adf::pktmerge<Base::kGroups> merge_[kGates];
};

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_AIE_GRAPHS_GRU_AIE_H_
