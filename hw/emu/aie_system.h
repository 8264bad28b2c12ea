#ifndef RECURD_HW_EMU_AIE_SYSTEM_H_
#define RECURD_HW_EMU_AIE_SYSTEM_H_

#include <memory>

#include "absl/status/statusor.h"
#include "hw/aie/graphs/gru_aie.h"
#include "hw/emu/rowwise_system.h"
#include "hw/pl/activation_lut.h"

namespace recurd {
namespace emu {

// The AIE-only mapping: the PL only feeds.
template <class Config>
class AieSystem : public RowwiseSystem<Config, hw::GruAie<Config>> {
 public:
  // Errors: as Array::Elaborate.
  static absl::StatusOr<std::unique_ptr<AieSystem>> Make(const hw::Timing& timing, Disturbance disturbance = {}) {
    std::unique_ptr<AieSystem> system(new AieSystem(timing, disturbance));
    if (absl::Status status = system->Elaborate(); !status.ok()) return status;
    system->SetTables();
    system->AddFeeder();
    system->control_.out = system->array().PlWrites("control");
    return system;
  }

 private:
  using Base = RowwiseSystem<Config, hw::GruAie<Config>>;
  using Base::Base;

  void SetTables() {
    float sigmoid[hw::kLutWords], tanh[hw::kLutWords];
    hw::fill_sigmoid(sigmoid);
    hw::fill_tanh(tanh);
    for (int gate = 0; gate < hw::kGates; ++gate) {
      for (int group = 0; group < Config::kGroups; ++group) {
        this->graph_.update(this->graph_.tables[gate * Config::kGroups + group], gate == hw::kGateNew ? tanh : sigmoid,
                            hw::kLutWords);
      }
    }
  }
};

}  // namespace emu
}  // namespace recurd

#endif  // RECURD_HW_EMU_AIE_SYSTEM_H_
