#ifndef RECURD_HW_SHIM_AIE_API_AIE_ADF_HPP_
#define RECURD_HW_SHIM_AIE_API_AIE_ADF_HPP_

#include "hw/shim/adf_streams.h"
#include "hw/shim/aie_api/aie.hpp"

// Streams of vectors. Source: AI Engine API User Guide, Interoperability with ADF streams. C++17.
template <unsigned N, class T>
aie::vector<T, N> readincr_v(input_stream<T>* stream) {
  aie::vector<T, N> value;
  uint32_t words[N];
  value.ready = recurd::emu::Read(&stream->port, words, N, nullptr);
  memcpy(value.lanes, words, sizeof(words));
  return value;
}

template <class T, unsigned N>
void writeincr(output_stream<T>* stream, const aie::vector<T, N>& value) {
  uint32_t words[N];
  memcpy(words, value.lanes, sizeof(words));
  recurd::emu::Write(&stream->port, words, N, value.ready, false);
}

#endif  // RECURD_HW_SHIM_AIE_API_AIE_ADF_HPP_
