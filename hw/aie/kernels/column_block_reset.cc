// Named by source() in the graphs. Each tile instantiates the template that it runs: see dot_row.cc.
#include "hw/aie/kernels/column_block_reset.h"
