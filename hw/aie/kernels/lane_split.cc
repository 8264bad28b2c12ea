// Named by source() in the graphs. The AIE compiler compiles it once a tile and instantiates there the one template
// that this tile runs; an explicit instantiation would put the others into its program memory as well.
// Source: UG1079, C++ Template Support.
#include "hw/aie/kernels/lane_split.h"
