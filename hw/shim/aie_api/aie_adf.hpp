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

// Cascades carry accumulators of up to 384 bits, one a cycle. Source: UG1079, Stream Data Types, Cascade.
template <unsigned N>
aie::accum<accfloat, N> readincr_v(input_cascade<accfloat>* cascade) {
  static_assert(N == 8, "eight lanes a transfer");
  aie::accum<accfloat, N> value;
  uint32_t words[N];
  value.ready = recurd::emu::ReadCascade(&cascade->port, words);
  memcpy(value.lanes, words, sizeof(words));
  return value;
}

template <unsigned N>
void writeincr(output_cascade<accfloat>* cascade, const aie::accum<accfloat, N>& value) {
  static_assert(N == 8, "eight lanes a transfer");
  uint32_t words[N];
  memcpy(words, value.lanes, sizeof(words));
  recurd::emu::WriteCascade(&cascade->port, words, value.valid());
}

#endif  // RECURD_HW_SHIM_AIE_API_AIE_ADF_HPP_
