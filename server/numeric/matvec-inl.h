// The matrix product that everything spends its time in.
#if defined(RECURD_NUMERIC_MATVEC_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef RECURD_NUMERIC_MATVEC_INL_H_
#undef RECURD_NUMERIC_MATVEC_INL_H_
#else
#define RECURD_NUMERIC_MATVEC_INL_H_
#endif

#include "server/numeric/packed.h"
#include "server/numeric/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace recurd {
namespace HWY_NAMESPACE {

// A panel's sums are two accumulators a vector, and beside them a register for x. Eight vectors keep two multiply-add
// units busy through a latency of four cycles twice over; with 16 registers six are the most that fit.
constexpr int kPanelVectors = HWY_TARGET == HWY_AVX2 ? 6 : 8;

// y = panel * x + bias for kVectors vectors of rows. Invariant: before column c, even[v] and odd[v] hold each row's
// sums over the even and the odd columns below c, taken in order.
template <int kVectors, bool kBias>
HWY_INLINE void PanelProduct(const float* HWY_RESTRICT weights, const float* HWY_RESTRICT x, int cols,
                             const float* HWY_RESTRICT bias, float* HWY_RESTRICT y) {
  const D d;
  V even[kVectors], odd[kVectors];
  for (int v = 0; v < kVectors; ++v) even[v] = odd[v] = hn::Zero(d);
  int c = 0;
  for (; c + 2 <= cols; c += 2, weights += 2 * kVectors * kLanes) {
    const V x0 = hn::Set(d, x[c]), x1 = hn::Set(d, x[c + 1]);
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

template <bool kBias>
HWY_NOINLINE void Product(const PackedMatrix& matrix, const float* x, float* y) {
  const float* bias = matrix.bias.data();
  for (const PackedMatrix::Panel& panel : matrix.panels) {
    switch (panel.vectors) {
      case 1:
        PanelProduct<1, kBias>(panel.weights, x, matrix.cols, bias, y);
        break;
      case 2:
        PanelProduct<2, kBias>(panel.weights, x, matrix.cols, bias, y);
        break;
      case 3:
        PanelProduct<3, kBias>(panel.weights, x, matrix.cols, bias, y);
        break;
      case 4:
        PanelProduct<4, kBias>(panel.weights, x, matrix.cols, bias, y);
        break;
      case 5:
        PanelProduct<5, kBias>(panel.weights, x, matrix.cols, bias, y);
        break;
      case 6:
        PanelProduct<6, kBias>(panel.weights, x, matrix.cols, bias, y);
        break;
      case 7:
        PanelProduct<7, kBias>(panel.weights, x, matrix.cols, bias, y);
        break;
      case 8:
        PanelProduct<8, kBias>(panel.weights, x, matrix.cols, bias, y);
        break;
    }
    y += panel.vectors * kLanes;
    if (kBias) bias += panel.vectors * kLanes;
  }
}

void Dense(const PackedMatrix& matrix, const float* x, float* y) {
  matrix.bias.size() ? Product<true>(matrix, x, y) : Product<false>(matrix, x, y);
}

}  // namespace HWY_NAMESPACE
}  // namespace recurd
HWY_AFTER_NAMESPACE();

#endif
