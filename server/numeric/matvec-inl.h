// The matrix product that everything spends its time in.
#if defined(RECURD_NUMERIC_MATVEC_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef RECURD_NUMERIC_MATVEC_INL_H_
#undef RECURD_NUMERIC_MATVEC_INL_H_
#else
#define RECURD_NUMERIC_MATVEC_INL_H_
#endif

#include "server/numeric/bytes-inl.h"
#include "server/numeric/packed.h"
#include "server/numeric/panel-inl.h"

HWY_BEFORE_NAMESPACE();
namespace recurd {
namespace HWY_NAMESPACE {

// Panel<vectors, kBias>::Product, the number of vectors being known at run time only.
template <template <int, bool> class Panel, bool kBias, class X>
HWY_INLINE void PanelProduct(const PackedMatrix::Panel& panel, const X& x, int cols, const float* bias, float* y) {
  switch (panel.vectors) {
    case 1:
      return Panel<1, kBias>::Product(panel.weights, x, cols, bias, y);
    case 2:
      return Panel<2, kBias>::Product(panel.weights, x, cols, bias, y);
    case 3:
      return Panel<3, kBias>::Product(panel.weights, x, cols, bias, y);
    case 4:
      return Panel<4, kBias>::Product(panel.weights, x, cols, bias, y);
    case 5:
      return Panel<5, kBias>::Product(panel.weights, x, cols, bias, y);
    case 6:
      return Panel<6, kBias>::Product(panel.weights, x, cols, bias, y);
    case 7:
      return Panel<7, kBias>::Product(panel.weights, x, cols, bias, y);
    case 8:
      return Panel<8, kBias>::Product(panel.weights, x, cols, bias, y);
  }
}

// How a product reads its weights: panels from the last one, as sums of different rows have no order; fetching them
// ahead, if they are float32.
struct Reading {
  bool backward = false, fetches = false;
};
HWY_INLINE const PackedMatrix::Panel& PanelAt(const PackedMatrix& matrix, size_t i, const Reading& reading) {
  return matrix.panels[reading.backward ? matrix.panels.size() - 1 - i : i];
}

template <template <int, bool> class Panel, bool kBias>
HWY_NOINLINE void FloatProduct(const PackedMatrix& matrix, const float* x, float* y, Reading reading) {
  for (size_t i = 0; i < matrix.panels.size(); ++i) {
    const PackedMatrix::Panel& panel = PanelAt(matrix, i, reading);
    const float* bias = kBias ? matrix.bias.data() + panel.row : nullptr;
    PanelProduct<Panel, kBias>(panel, x, matrix.cols, bias, y + panel.row);
  }
}

template <bool kBias>
HWY_NOINLINE void BytesProduct(const PackedMatrix& matrix, const float* x, float* y, Reading reading) {
  alignas(64) uint8_t bytes[kMaxInt8Columns + 4];
  std::memset(bytes + matrix.cols / 4 * 4, 0, 4);  // those of the last word that no column fills
  const float x_scale = TakeBytes(x, matrix.cols, bytes);
  for (size_t i = 0; i < matrix.panels.size(); ++i) {
    const PackedMatrix::Panel& panel = PanelAt(matrix, i, reading);
    const BytesOperands operands{bytes, x_scale, matrix.scale.data() + panel.row, matrix.offset.data() + panel.row};
    const float* bias = kBias ? matrix.bias.data() + panel.row : nullptr;
    PanelProduct<BytesPanel, kBias>(panel, operands, matrix.cols, bias, y + panel.row);
  }
}

// y = matrix * x, + bias if kBias.
template <bool kBias>
HWY_INLINE void Product(const PackedMatrix& matrix, const float* x, float* y, Reading reading = {}) {
  switch (matrix.storage) {
    case WeightStorage::kFp32:
      return reading.fetches ? FloatProduct<FetchedFp32Panel, kBias>(matrix, x, y, reading)
                             : FloatProduct<Fp32Panel, kBias>(matrix, x, y, reading);
    case WeightStorage::kBf16:
      return FloatProduct<Bf16Panel, kBias>(matrix, x, y, reading);
    case WeightStorage::kInt8:
      return BytesProduct<kBias>(matrix, x, y, reading);
  }
}

// kTileSteps products with one reading of the weights.
template <bool kBias>
HWY_NOINLINE void Tile(const PackedMatrix& matrix, const float* x, size_t x_stride, float* y, size_t y_stride) {
  const float* bias = matrix.bias.data();
  for (const PackedMatrix::Panel& panel : matrix.panels) {
    int v = 0;
    for (; v + kTileVectors <= panel.vectors; v += kTileVectors) {
      const float* weights = panel.weights + v * kLanes;
      TileProduct<kTileVectors, kBias>(weights, panel.vectors, x, x_stride, matrix.cols, bias, y, y_stride);
      y += kTileVectors * kLanes;
      if (kBias) bias += kTileVectors * kLanes;
    }
    if (v == panel.vectors) continue;
    const float* weights = panel.weights + v * kLanes;
    TileProduct<1, kBias>(weights, panel.vectors, x, x_stride, matrix.cols, bias, y, y_stride);
    y += kLanes;
    if (kBias) bias += kLanes;
  }
}

// Row i of y = matrix * row i of x, + bias if kBias, for `steps` rows.
template <bool kBias>
HWY_INLINE void Products(const PackedMatrix& matrix, const float* x, size_t x_stride, int steps, float* y,
                         size_t y_stride) {
  int s = 0;
  if (matrix.storage == WeightStorage::kFp32) {
    for (; s + kTileSteps <= steps; s += kTileSteps) {
      Tile<kBias>(matrix, x + s * x_stride, x_stride, y + s * y_stride, y_stride);
    }
  }
  for (; s < steps; ++s) Product<kBias>(matrix, x + s * x_stride, y + s * y_stride);
}

void Dense(const PackedMatrix& matrix, const float* x, float* y) {
  matrix.bias.size() ? Product<true>(matrix, x, y) : Product<false>(matrix, x, y);
}

void DenseSteps(const PackedMatrix& matrix, const float* x, size_t x_stride, int steps, float* y, size_t y_stride) {
  matrix.bias.size() ? Products<true>(matrix, x, x_stride, steps, y, y_stride)
                     : Products<false>(matrix, x, x_stride, steps, y, y_stride);
}

}  // namespace HWY_NAMESPACE
}  // namespace recurd
HWY_AFTER_NAMESPACE();

#endif
