#ifndef RECURD_HW_EMU_HYBRID_SYSTEM_H_
#define RECURD_HW_EMU_HYBRID_SYSTEM_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "hw/aie/graphs/gru_hybrid.h"
#include "hw/emu/rowwise_system.h"
#include "hw/pl/gru_aggregator.h"

namespace recurd {
namespace emu {

// The hybrid mapping: the PL sorts packets and applies activations.
template <class Config>
class HybridSystem : public RowwiseSystem<Config, hw::GruHybrid<Config>> {
 public:
  // Errors: as Array::Elaborate.
  static absl::StatusOr<std::unique_ptr<HybridSystem>> Make(const hw::Timing& timing, Disturbance disturbance = {}) {
    std::unique_ptr<HybridSystem> system(new HybridSystem(timing, disturbance));
    if (absl::Status status = system->Elaborate(); !status.ok()) return status;
    system->ConnectPl();
    return system;
  }

 private:
  using Base = RowwiseSystem<Config, hw::GruHybrid<Config>>;
  using Base::Base;

  void ConnectPl() {
    Process* feeder = this->AddFeeder();
    Process* aggregator = this->AddPlKernel(
        "gru_aggregator", [this] { hw::gru_aggregator<Config::kHidden>(this->control_, rows_, r_, zn_); });
    this->ConnectFifo("control", feeder, &this->control_.out, aggregator, &this->control_.in);
    for (int group = 0; group < Config::kGroups; ++group) {
      rows_[group].in = this->array().PlReads("row_" + std::to_string(group), aggregator);
    }
    r_.out = this->array().PlWrites("r");
    zn_.out = this->array().PlWrites("zn");
  }

  hw::beat_stream rows_[Config::kGroups], r_, zn_;
};

}  // namespace emu
}  // namespace recurd

#endif  // RECURD_HW_EMU_HYBRID_SYSTEM_H_
