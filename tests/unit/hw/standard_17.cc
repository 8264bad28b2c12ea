// Compiled as C++17: what the AIE compiler reads.
#include "hw/aie/graphs/gru_aie.h"
#include "hw/aie/graphs/gru_cascade.h"
#include "hw/aie/graphs/gru_hybrid.h"

static_assert(__cplusplus == 201703L, "this file says what C++17 accepts");

template class recurd::hw::GruHybrid<recurd::hw::GruConfig<20, 6, recurd::hw::Reset::kBefore>>;
template class recurd::hw::GruHybrid<recurd::hw::GruConfig<20, 6, recurd::hw::Reset::kAfter>>;
template class recurd::hw::GruAie<recurd::hw::GruConfig<64, 6, recurd::hw::Reset::kBefore>>;
template class recurd::hw::GruCascade<recurd::hw::GruConfig<20, 6, recurd::hw::Reset::kBefore>>;
template class recurd::hw::GruCascade<recurd::hw::GruConfig<20, 6, recurd::hw::Reset::kAfter>>;
