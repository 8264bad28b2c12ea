#ifndef RECURD_HW_SHIM_AIE_API_AIE_HPP_
#define RECURD_HW_SHIM_AIE_API_AIE_HPP_

#include <math.h>
#include <string.h>

#include "hw/emu/process.h"

// Stands in for AMD's aie_api: the vectors and operations that hw/aie uses, with the first-generation AIE's fp32 costs.
// A vector carries the time at which its register is valid; scalars share one time a tile. Multiply-accumulate is
// fused, as the numerics profile has it; whether silicon rounds alike has not been measured.
// Source: AM009 Floating-Point Vector Unit; AI Engine API User Guide (UG1529). C++17.
struct accfloat {};

namespace aie {

using recurd::emu::CurrentTiming;
using recurd::emu::Cycles;
using recurd::emu::Finish;
using recurd::emu::Issue;
using recurd::emu::Process;
using recurd::emu::t_process;

inline Cycles Latest(Cycles a, Cycles b) { return a < b ? b : a; }

// A lane named as an operand.
template <class T>
struct vector_elem_const_ref {
  T value;
  Cycles ready;
};

template <class T, unsigned N>
struct vector {
  T lanes[N] = {};
  Cycles ready = 0;

  template <unsigned M>
  vector& insert(unsigned index, const vector<T, M>& part) {
    memcpy(lanes + index * M, part.lanes, sizeof(part.lanes));
    ready = Latest(ready, part.ready);
    return *this;
  }
  template <unsigned M>
  vector<T, M> extract(unsigned index) const {
    vector<T, M> part;
    memcpy(part.lanes, lanes + index * M, sizeof(part.lanes));
    part.ready = ready;
    return part;
  }
  vector_elem_const_ref<T> operator[](unsigned index) const { return {lanes[index], ready}; }
  // A move to a scalar register.
  T get(unsigned index) const {
    const Cycles start = Issue(&Process::scalar_unit, ready);
    t_process->scalar_ready = Finish(Latest(t_process->scalar_ready, start + CurrentTiming().move_latency));
    return lanes[index];
  }
};

template <class Tag, unsigned N>
struct accum {
  float lanes[N] = {};
  Cycles ready = 0;  // for another accumulation; a vector register has it mac_latency - accumulate_latency later

  accum() = default;
  explicit accum(const vector<float, N>& from) : ready(from.ready) { memcpy(lanes, from.lanes, sizeof(lanes)); }

  // When it can be moved elsewhere.
  Cycles valid() const {
    const recurd::hw::Timing& timing = CurrentTiming();
    return ready + timing.mac_latency - timing.accumulate_latency;
  }

  template <class T>
  vector<T, N> to_vector() const {
    vector<T, N> result;
    memcpy(result.lanes, lanes, sizeof(lanes));
    result.ready = Finish(valid());
    return result;
  }
};

template <class To, class From, unsigned N>
vector<To, N> vector_cast(const vector<From, N>& from) {
  static_assert(sizeof(To) == sizeof(From), "a cast keeps the bits");
  vector<To, N> result;
  memcpy(result.lanes, from.lanes, sizeof(from.lanes));
  result.ready = from.ready;
  return result;
}

template <class Tag, unsigned N>
accum<Tag, N> zeros() {
  return {};
}

template <unsigned N, class T>
vector<T, N> load_v(const T* from) {
  vector<T, N> result;
  memcpy(result.lanes, from, sizeof(result.lanes));
  result.ready = Finish(Issue(&Process::load_unit, 0) + CurrentTiming().load_latency);
  return result;
}

template <class T, unsigned N>
void store_v(T* to, const vector<T, N>& value) {
  memcpy(to, value.lanes, sizeof(value.lanes));
  Finish(Issue(&Process::store_unit, value.ready) + 1);
}

template <class T, unsigned N>
vector<T, N> broadcast(T value) {
  vector<T, N> result;
  for (T& lane : result.lanes) lane = value;
  result.ready = Finish(Issue(&Process::scalar_unit, t_process->scalar_ready) + CurrentTiming().move_latency);
  return result;
}

template <unsigned N>
accum<accfloat, N> mac(accum<accfloat, N> sum, const vector<float, N>& a, const vector<float, N>& b) {
  for (unsigned i = 0; i < N; ++i) sum.lanes[i] = fmaf(a.lanes[i], b.lanes[i], sum.lanes[i]);
  const Cycles start = Issue(&Process::vector_unit, Latest(sum.ready, Latest(a.ready, b.ready)));
  sum.ready = Finish(start + CurrentTiming().accumulate_latency);
  return sum;
}

// A lane of `lane` times a vector: the multiplier selects lanes by itself.
template <unsigned N>
accum<accfloat, N> mac(accum<accfloat, N> sum, const vector_elem_const_ref<float>& lane, const vector<float, N>& b) {
  vector<float, N> a;
  for (float& value : a.lanes) value = lane.value;
  a.ready = lane.ready;
  return mac(sum, a, b);
}

template <unsigned N>
accum<accfloat, N> mul(const vector<float, N>& a, const vector<float, N>& b) {
  accum<accfloat, N> product;
  for (unsigned i = 0; i < N; ++i) product.lanes[i] = a.lanes[i] * b.lanes[i];
  const Cycles start = Issue(&Process::vector_unit, Latest(a.ready, b.ready));
  product.ready = Finish(start + CurrentTiming().accumulate_latency);
  return product;
}

namespace internal {

template <unsigned N, class Function>
vector<float, N> Lanewise(const vector<float, N>& a, const vector<float, N>& b, Cycles latency, Function function) {
  vector<float, N> result;
  for (unsigned i = 0; i < N; ++i) result.lanes[i] = function(a.lanes[i], b.lanes[i]);
  result.ready = Finish(Issue(&Process::vector_unit, Latest(a.ready, b.ready)) + latency);
  return result;
}

}  // namespace internal

template <unsigned N>
vector<float, N> add(const vector<float, N>& a, const vector<float, N>& b) {
  return internal::Lanewise(a, b, CurrentTiming().add_latency, [](float x, float y) { return x + y; });
}
template <unsigned N>
vector<float, N> sub(const vector<float, N>& a, const vector<float, N>& b) {
  return internal::Lanewise(a, b, CurrentTiming().add_latency, [](float x, float y) { return x - y; });
}
template <unsigned N>
vector<int32_t, N> sub(const vector<int32_t, N>& a, int32_t b) {
  vector<int32_t, N> result;
  for (unsigned i = 0; i < N; ++i) {
    result.lanes[i] = static_cast<int32_t>(static_cast<uint32_t>(a.lanes[i]) - static_cast<uint32_t>(b));
  }
  result.ready = Finish(Issue(&Process::vector_unit, a.ready) + CurrentTiming().compare_latency);
  return result;
}
// To the left; what leaves is lost.
template <unsigned N>
vector<int32_t, N> upshift(const vector<int32_t, N>& value, unsigned shift) {
  vector<int32_t, N> result;
  for (unsigned i = 0; i < N; ++i) {
    result.lanes[i] = static_cast<int32_t>(static_cast<uint32_t>(value.lanes[i]) << shift);
  }
  result.ready = Finish(Issue(&Process::vector_unit, value.ready) + CurrentTiming().convert_latency);
  return result;
}
template <unsigned N>
vector<float, N> min(const vector<float, N>& a, const vector<float, N>& b) {
  return internal::Lanewise(a, b, CurrentTiming().compare_latency, [](float x, float y) { return x < y ? x : y; });
}
template <unsigned N>
vector<float, N> max(const vector<float, N>& a, const vector<float, N>& b) {
  return internal::Lanewise(a, b, CurrentTiming().compare_latency, [](float x, float y) { return x > y ? x : y; });
}

// A multiply-accumulate by one.
template <unsigned N>
accum<accfloat, N> add(accum<accfloat, N> sum, const vector<float, N>& value) {
  for (unsigned i = 0; i < N; ++i) sum.lanes[i] += value.lanes[i];
  sum.ready = Finish(Issue(&Process::vector_unit, Latest(sum.ready, value.ready)) + CurrentTiming().accumulate_latency);
  return sum;
}

// Sums halves until one lane is left: lane i with lane i + N/2 first.
template <unsigned N>
float reduce_add(const vector<float, N>& value) {
  float lanes[N];
  memcpy(lanes, value.lanes, sizeof(lanes));
  Cycles levels = 0;
  for (unsigned half = N / 2; half > 0; half /= 2, ++levels) {
    for (unsigned i = 0; i < half; ++i) lanes[i] += lanes[i + half];
  }
  const Cycles ready = Issue(&Process::vector_unit, value.ready) + levels * CurrentTiming().reduce_level;
  t_process->scalar_ready = Finish(Latest(t_process->scalar_ready, ready));
  return lanes[0];
}

// Rounds down, the tile's default mode. Values outside int32 saturate.
template <class To, unsigned N>
vector<To, N> to_fixed(const vector<float, N>& value) {
  vector<To, N> result;
  for (unsigned i = 0; i < N; ++i) {
    const float whole = floorf(value.lanes[i]);
    result.lanes[i] = whole >= 2147483648.0f    ? 2147483647
                      : whole >= -2147483648.0f ? static_cast<To>(whole)
                                                : -2147483647 - 1;
  }
  result.ready = Finish(Issue(&Process::vector_unit, value.ready) + CurrentTiming().convert_latency);
  return result;
}

}  // namespace aie

#endif  // RECURD_HW_SHIM_AIE_API_AIE_HPP_
