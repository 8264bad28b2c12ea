// What one panel of a packed matrix adds up to, for each way its weights are stored.
#if defined(RECURD_NUMERIC_PANEL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef RECURD_NUMERIC_PANEL_INL_H_
#undef RECURD_NUMERIC_PANEL_INL_H_
#else
#define RECURD_NUMERIC_PANEL_INL_H_
#endif

#include <cstdint>

#include "hwy/cache_control.h"
#include "server/numeric/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace recurd {
namespace HWY_NAMESPACE {

using DI = hn::RebindToSigned<D>;
using VI = hn::Vec<DI>;

// A panel's sums are two accumulators a vector, and beside them a register for x. Eight vectors keep two multiply-add
// units busy through a latency of four cycles twice over; with 16 registers six are the most that fit.
constexpr int kPanelVectors = HWY_TARGET == HWY_AVX2 ? 6 : 8;
// Several products with one reading of the weights: so many steps of so many vectors keep their sums in registers.
constexpr int kTileSteps = 6;
constexpr int kTileVectors = HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_SCALAR ? 1 : 2;

// How far ahead weights are fetched that the first-level cache does not have.
constexpr int kFetchAhead = 4096 / sizeof(float);

// y = panel * x + bias for kVectors vectors of rows. Invariant: before column c, even[v] and odd[v] hold each row's
// sums over the even and the odd columns below c, taken in order.
template <int kVectors, bool kBias, bool kFetches>
struct AnyFp32Panel {
  static HWY_INLINE void Product(const float* HWY_RESTRICT weights, const float* HWY_RESTRICT x, int cols,
                                 const float* HWY_RESTRICT bias, float* HWY_RESTRICT y) {
    const D d;
    V even[kVectors], odd[kVectors];
    for (int v = 0; v < kVectors; ++v) even[v] = odd[v] = hn::Zero(d);
    int c = 0;
    for (; c + 2 <= cols; c += 2, weights += 2 * kVectors * kLanes) {
      const V x0 = hn::Set(d, x[c]), x1 = hn::Set(d, x[c + 1]);
      if (kFetches) {
        for (int i = 0; i < 2 * kVectors * kLanes; i += 64 / sizeof(float)) hwy::Prefetch(weights + kFetchAhead + i);
      }
      for (int v = 0; v < kVectors; ++v) even[v] = Fma(hn::Load(d, weights + v * kLanes), x0, even[v]);
      for (int v = 0; v < kVectors; ++v) odd[v] = Fma(hn::Load(d, weights + (kVectors + v) * kLanes), x1, odd[v]);
    }
    if (c < cols) {
      const V x0 = hn::Set(d, x[c]);
      for (int v = 0; v < kVectors; ++v) even[v] = Fma(hn::Load(d, weights + v * kLanes), x0, even[v]);
    }
    for (int v = 0; v < kVectors; ++v) {
      V sum = hn::Add(even[v], odd[v]);
      if (kBias) sum = hn::Add(sum, hn::Load(d, bias + v * kLanes));
      hn::Store(sum, d, y + v * kLanes);
    }
  }
};

template <int kVectors, bool kBias>
using Fp32Panel = AnyFp32Panel<kVectors, kBias, false>;
template <int kVectors, bool kBias>
using FetchedFp32Panel = AnyFp32Panel<kVectors, kBias, true>;

// The same of two bfloat16s a word: as floats they are the word's halves, so that a word feeds both accumulators.
template <int kVectors, bool kBias>
struct Bf16Panel {
  static HWY_INLINE void Product(const float* HWY_RESTRICT weights, const float* HWY_RESTRICT x, int cols,
                                 const float* HWY_RESTRICT bias, float* HWY_RESTRICT y) {
    const D d;
    const DI di;
    const VI upper = hn::Set(di, static_cast<int32_t>(0xffff0000));
    V even[kVectors], odd[kVectors];
    for (int v = 0; v < kVectors; ++v) even[v] = odd[v] = hn::Zero(d);
    for (int c = 0; c < cols; c += 2, weights += kVectors * kLanes) {
      const V x0 = hn::Set(d, x[c]);
      for (int v = 0; v < kVectors; ++v) {
        even[v] = Fma(hn::BitCast(d, hn::ShiftLeft<16>(Word(weights, v))), x0, even[v]);
      }
      if (c + 1 == cols) break;
      const V x1 = hn::Set(d, x[c + 1]);
      for (int v = 0; v < kVectors; ++v) odd[v] = Fma(hn::BitCast(d, hn::And(Word(weights, v), upper)), x1, odd[v]);
    }
    for (int v = 0; v < kVectors; ++v) {
      V sum = hn::Add(even[v], odd[v]);
      if (kBias) sum = hn::Add(sum, hn::Load(d, bias + v * kLanes));
      hn::Store(sum, d, y + v * kLanes);
    }
  }

 private:
  static HWY_INLINE VI Word(const float* weights, int v) {
    return hn::BitCast(DI(), hn::Load(D(), weights + v * kLanes));
  }
};

// Fp32Panel for kTileSteps vectors x at once, [kTileSteps] rows `x_stride` apart, to rows of y `y_stride` apart. The
// vectors of rows are kVectors of a panel that has `panel_vectors`.
template <int kVectors, bool kBias>
HWY_INLINE void TileProduct(const float* HWY_RESTRICT weights, int panel_vectors, const float* HWY_RESTRICT x,
                            size_t x_stride, int cols, const float* HWY_RESTRICT bias, float* HWY_RESTRICT y,
                            size_t y_stride) {
  const D d;
  V even[kTileSteps][kVectors], odd[kTileSteps][kVectors];
  for (int s = 0; s < kTileSteps; ++s) {
    for (int v = 0; v < kVectors; ++v) even[s][v] = odd[s][v] = hn::Zero(d);
  }
  const auto add_column = [&](int c, V(&sums)[kTileSteps][kVectors]) HWY_ATTR {
    V column[kVectors];
    for (int v = 0; v < kVectors; ++v) column[v] = hn::Load(d, weights + v * kLanes);
    for (int s = 0; s < kTileSteps; ++s) {
      const V value = hn::Set(d, x[s * x_stride + c]);
      for (int v = 0; v < kVectors; ++v) sums[s][v] = Fma(column[v], value, sums[s][v]);
    }
    weights += panel_vectors * kLanes;
  };
  int c = 0;
  for (; c + 2 <= cols; c += 2) {
    add_column(c, even);
    add_column(c + 1, odd);
  }
  if (c < cols) add_column(c, even);
  for (int s = 0; s < kTileSteps; ++s) {
    for (int v = 0; v < kVectors; ++v) {
      V sum = hn::Add(even[s][v], odd[s][v]);
      if (kBias) sum = hn::Add(sum, hn::Load(d, bias + v * kLanes));
      hn::Store(sum, d, y + s * y_stride + v * kLanes);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace recurd
HWY_AFTER_NAMESPACE();

#endif
