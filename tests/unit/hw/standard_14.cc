// Compiled as C++14: what Vitis HLS reads.
#include "hw/config/contract.h"
#include "hw/config/geometry.h"
#include "hw/config/timing.h"
#include "hw/pl/gru_activator.h"
#include "hw/pl/gru_aggregator.h"

static_assert(__cplusplus == 201402L, "this file says what C++14 accepts");

template void recurd::hw::gru_aggregator<20>(recurd::hw::beat_stream&, recurd::hw::beat_stream*,
                                             recurd::hw::beat_stream&, recurd::hw::beat_stream&);
template void recurd::hw::gru_activator<20>(recurd::hw::beat_stream&, recurd::hw::beat_stream*,
                                            recurd::hw::beat_stream&, recurd::hw::beat_stream&);
