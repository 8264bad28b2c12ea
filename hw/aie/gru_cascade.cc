// Top level of the cascade mapping: what the AI Engine compiler is given.
#include "hw/aie/graphs/gru_cascade.h"

#include "hw/aie/graphs/design_config.h"

recurd::hw::GruCascade<recurd::hw::DesignConfig> gru;

#if defined(__AIESIM__) || defined(__X86SIM__)
#include "hw/aie/simulate.h"

int main() {
  recurd::hw::simulate_cascade<recurd::hw::DesignConfig>(gru);
  return 0;
}
#endif
