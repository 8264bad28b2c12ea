#ifndef RECURD_HW_EMU_AIE_SYSTEM_H_
#define RECURD_HW_EMU_AIE_SYSTEM_H_

#include <memory>
#include <vector>

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
    system->AddFeeder();
    system->control_.out = system->array().PlWrites("control");
    return system;
  }

 private:
  using Base = RowwiseSystem<Config, hw::GruAie<Config>>;

  AieSystem(const hw::Timing& timing, Disturbance disturbance) : Base(timing, disturbance) {
    NamePorts("tables", this->graph_.tables);
  }

  std::vector<GruSystem::Parameter> PortValues(const std::vector<GruWeights>& sets) const override {
    std::vector<GruSystem::Parameter> values = Base::PortValues(sets);
    float sigmoid[hw::kLutWords], tanh[hw::kLutWords];
    hw::fill_sigmoid(sigmoid);
    hw::fill_tanh(tanh);
    for (int gate = 0; gate < hw::kGates; ++gate) {
      const float* table = gate == hw::kGateNew ? tanh : sigmoid;
      for (int group = 0; group < Config::kGroups; ++group) {
        values.push_back(
            PortValue(this->graph_.tables[gate * Config::kGroups + group], {table, table + hw::kLutWords}));
      }
    }
    return values;
  }
};

}  // namespace emu
}  // namespace recurd

#endif  // RECURD_HW_EMU_AIE_SYSTEM_H_
