#include "tests/bench/paper/emulated.h"

#include "hw/emu/aie_system.h"
#include "hw/emu/cascade_system.h"
#include "hw/emu/hybrid_system.h"

namespace recurd::bench {
namespace {

using SystemOr = absl::StatusOr<std::unique_ptr<emu::GruSystem>>;

template <class System>
SystemOr MakeOne(const hw::Timing& timing) {
  auto system = System::Make(timing);
  if (!system.ok()) return system.status();
  return std::unique_ptr<emu::GruSystem>(*std::move(system));
}

template <int input>
SystemOr MakeMapping(hw::Mapping mapping, const hw::Timing& timing) {
  using Config = hw::GruConfig<RECURD_HIDDEN, input, hw::Reset::kBefore>;
  switch (mapping) {
    case hw::kMappingHybrid:
      return MakeOne<emu::HybridSystem<Config>>(timing);
    case hw::kMappingAie:
      return MakeOne<emu::AieSystem<Config>>(timing);
    default:
      return MakeOne<emu::CascadeSystem<Config>>(timing);
  }
}

SystemOr Make(hw::Mapping mapping, int input_size, const hw::Timing& timing) {
  switch (input_size) {
    case 8:
      return MakeMapping<8>(mapping, timing);
    case 16:
      return MakeMapping<16>(mapping, timing);
    case 32:
      return MakeMapping<32>(mapping, timing);
    case 64:
      return MakeMapping<64>(mapping, timing);
    case 128:
      return MakeMapping<128>(mapping, timing);
    case 256:
      return MakeMapping<256>(mapping, timing);
    default:
      return MakeMapping<512>(mapping, timing);
  }
}

}  // namespace

template <>
Emulated EmulatedAt<RECURD_HIDDEN>() {
  return {RECURD_HIDDEN, Make, emu::CountAggregator<RECURD_HIDDEN>, emu::CountSortRows<RECURD_HIDDEN>};
}

}  // namespace recurd::bench
