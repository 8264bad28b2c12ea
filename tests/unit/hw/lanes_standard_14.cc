// Compiled as C++14: what Vitis HLS reads of the lanes mapping.
#include "hw/pl/lanes_core.h"
#include "hw/pl/lanes_feeder.h"
#include "hw/pl/lanes_gru.h"
#include "hw/pl/lanes_lstm.h"

static_assert(__cplusplus == 201402L, "this file says what C++14 accepts");

namespace recurd {
namespace hw {

typedef lanes_gru<LaneCell::kGruAfter, LaneNumerics::kLut, 8> gru;
typedef lanes_lstm<LaneNumerics::kExact, 8> lstm;
typedef lanes_gru<LaneCell::kGruBefore, LaneNumerics::kCordic, 8> cordic;
typedef lanes_lstm<LaneNumerics::kPolynomial, 8> polynomial;
template void lanes_feeder<8, 0, 0, 24>(beat_stream&, beat_stream&, beat_stream&);
template void lanes_feeder<8, 8, 0, 24>(beat_stream&, beat_stream&, beat_stream&);
template void lanes_core<gru, 0, 16>(beat_stream&, beat_stream (&)[gru::kTiles], beat_stream&, beat_stream&,
                                     beat_stream&, int);
template void lanes_core<lstm, 8, 8>(beat_stream&, beat_stream (&)[lstm::kTiles], beat_stream&, beat_stream&,
                                     beat_stream&, int);
template void lanes_core<cordic, 0, 0>(beat_stream&, beat_stream (&)[cordic::kTiles], beat_stream&, beat_stream&,
                                       beat_stream&, int);
template void lanes_core<polynomial, 0, 0>(beat_stream&, beat_stream (&)[polynomial::kTiles], beat_stream&,
                                           beat_stream&, beat_stream&, int);

}  // namespace hw
}  // namespace recurd
