// Compiled as C++17: what the AIE compiler reads of the lanes mapping.
#include "hw/aie/graphs/rnn_lanes.h"

static_assert(__cplusplus == 201703L, "this file says what C++17 accepts");

template class recurd::hw::RnnLanes<
    recurd::hw::LanesConfig<8, 8, recurd::hw::LaneCell::kGruAfter, recurd::hw::LaneNumerics::kExact>>;
