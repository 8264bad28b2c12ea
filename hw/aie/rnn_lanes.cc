// Top level of the lanes mapping: what the AI Engine compiler is given. One layer.
#include "hw/aie/graphs/rnn_lanes.h"

#include "hw/aie/graphs/design_config.h"

recurd::hw::RnnLayer<recurd::hw::LanesDesignConfig> gru;

#if defined(__AIESIM__) || defined(__X86SIM__)
#include "hw/aie/simulate.h"

int main() {
  recurd::hw::simulate_lanes<recurd::hw::LanesDesignConfig>(gru);
  return 0;
}
#endif
