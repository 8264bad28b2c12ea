// Top level of the AIE-only mapping: what the AI Engine compiler is given.
#include "hw/aie/graphs/gru_aie.h"

#include "hw/aie/graphs/design_config.h"

recurd::hw::GruAie<recurd::hw::DesignConfig> gru;

#if defined(__AIESIM__) || defined(__X86SIM__)
#include "hw/aie/simulate.h"

int main() {
  recurd::hw::simulate_aie<recurd::hw::DesignConfig>(gru);
  return 0;
}
#endif
