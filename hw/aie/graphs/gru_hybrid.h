#ifndef RECURD_HW_AIE_GRAPHS_GRU_HYBRID_H_
#define RECURD_HW_AIE_GRAPHS_GRU_HYBRID_H_

#include <string>

#include "hw/aie/graphs/gru_rowwise.h"

namespace recurd {
namespace hw {

// The paper's hybrid mapping: nine tiles a group of rows (for each gate W x, U h, and bias with id) and the update
// tile, 9H + 1 in all up to 32 units. The packets of a group's three gates meet in one merge and leave through the
// group's own interface tile; the PL sorts them, applies the activations and sends the vectors back.
// PLIOs besides x and y, 128 bits: r (reset gate), zn (commands, z, n) in; row_0..row_{groups-1} out.
// Source: arXiv 2511.15626, section 4 and Table 1.   C++17.
template <class Config>
class GruHybrid : public GruRowwise<Config, 1> {
  using Base = GruRowwise<Config, 1>;

 public:
  GruHybrid() {
    create_plio(r_, "r", Base::kPlaces.middle());
    create_plio(zn_, "zn", Base::kPlaces.middle());
    adf::connect<adf::stream>(zn_.out[0], this->update_.in[0]);
    for (int group = 0; group < Base::kGroups; ++group) add_group(group);
  }

 private:
  void add_group(int group) {
    merge_[group] = adf::pktmerge<kGates>::create();
    add_bias<kGateReset>(group);
    add_bias<kGateUpdate>(group);
    add_bias<kGateNew>(group);
    create_plio(row_[group], "row_" + std::to_string(group), Base::kPlaces.row_out(group));
    adf::connect<adf::pktstream>(merge_[group].out[0], row_[group].in[0]);
  }

  template <int gate>
  void add_bias(int group) {
    adf::kernel& bias = this->bias_[gate * Base::kGroups + group];
    bias = adf::kernel::create(bias_id<gate, Config::kGroupRows, Config::kSets>);
    this->template add_gate<gate>(group, r_.out[0]);
    adf::connect<adf::pktstream>(bias.out[0], merge_[group].in[gate]);
  }

  adf::input_plio r_, zn_;
  adf::pktmerge<kGates> merge_[Base::kGroups];
  adf::output_plio row_[Base::kGroups];
};

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_AIE_GRAPHS_GRU_HYBRID_H_
