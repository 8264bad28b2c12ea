#include "server/numeric/elementwise.h"

#include <algorithm>

#include "server/numeric/activation.h"

namespace recurd {
namespace {

// In index order into two accumulators, as a matrix row.
template <typename T>
T Sum(const T* in, int size) {
  T even = 0, odd = 0;
  for (int i = 0; i < size; ++i) (i % 2 == 0 ? even : odd) += in[i];
  return even + odd;
}

template <typename T>
T Max(const T* in, int size) {
  T max = in[0];
  for (int i = 1; i < size; ++i) max = Apply(BinaryKind::kMax, max, in[i]);
  return max;
}

// The loop of one operator, with the operator known to the compiler.
template <BinaryKind kKind, typename T>
void BinaryLoop(const T* a, int a_stride, const T* b, int b_stride, T* out, int size) {
  for (int i = 0; i < size; ++i) {
    const T x = a[i * a_stride], y = b[i * b_stride];
    if constexpr (kKind == BinaryKind::kAdd)
      out[i] = x + y;
    else if constexpr (kKind == BinaryKind::kSub)
      out[i] = x - y;
    else if constexpr (kKind == BinaryKind::kMul)
      out[i] = x * y;
    else if constexpr (kKind == BinaryKind::kDiv)
      out[i] = x / y;
    else
      out[i] = Apply(kKind, x, y);
  }
}

}  // namespace

template <typename T>
void Binary(BinaryKind kind, const T* a, int a_size, const T* b, int b_size, T* out, int out_size) {
  const int a_stride = a_size == 1 ? 0 : 1, b_stride = b_size == 1 ? 0 : 1;
  switch (kind) {
    case BinaryKind::kAdd:
      return BinaryLoop<BinaryKind::kAdd>(a, a_stride, b, b_stride, out, out_size);
    case BinaryKind::kSub:
      return BinaryLoop<BinaryKind::kSub>(a, a_stride, b, b_stride, out, out_size);
    case BinaryKind::kMul:
      return BinaryLoop<BinaryKind::kMul>(a, a_stride, b, b_stride, out, out_size);
    case BinaryKind::kDiv:
      return BinaryLoop<BinaryKind::kDiv>(a, a_stride, b, b_stride, out, out_size);
    case BinaryKind::kMin:
      return BinaryLoop<BinaryKind::kMin>(a, a_stride, b, b_stride, out, out_size);
    case BinaryKind::kMax:
      return BinaryLoop<BinaryKind::kMax>(a, a_stride, b, b_stride, out, out_size);
    case BinaryKind::kPow:
      return BinaryLoop<BinaryKind::kPow>(a, a_stride, b, b_stride, out, out_size);
  }
}

template <typename T>
void Unary(const Activation& function, const T* in, T* out, int size) {
  for (int i = 0; i < size; ++i) out[i] = Apply(function, in[i]);
}

template <typename T>
void Reduce(ReduceKind kind, const T* in, int in_size, T* out, int out_size) {
  const int run = in_size / out_size;
  for (int i = 0; i < out_size; ++i, in += run) {
    if (kind == ReduceKind::kMax)
      out[i] = Max(in, run);
    else
      out[i] = kind == ReduceKind::kMean ? Sum(in, run) / static_cast<T>(run) : Sum(in, run);
  }
}

template <typename T>
void Repeat(const T* in, int in_size, T* out, int out_size) {
  const int repeat = out_size / in_size;
  for (int i = 0; i < in_size; ++i) std::fill_n(out + i * repeat, repeat, in[i]);
}

template void Binary(BinaryKind, const float*, int, const float*, int, float*, int);
template void Binary(BinaryKind, const double*, int, const double*, int, double*, int);
template void Unary(const Activation&, const float*, float*, int);
template void Unary(const Activation&, const double*, double*, int);
template void Reduce(ReduceKind, const float*, int, float*, int);
template void Reduce(ReduceKind, const double*, int, double*, int);
template void Repeat(const float*, int, float*, int);
template void Repeat(const double*, int, double*, int);

}  // namespace recurd
