// Top level of the hybrid mapping: what the AI Engine compiler is given.
#include "hw/aie/graphs/gru_hybrid.h"

#include "hw/aie/graphs/design_config.h"

recurd::hw::GruHybrid<recurd::hw::DesignConfig> gru;

#if defined(__AIESIM__) || defined(__X86SIM__)
#include "hw/aie/simulate.h"

int main() {
  recurd::hw::simulate_hybrid<recurd::hw::DesignConfig>(gru);
  return 0;
}
#endif
