#include "server/numeric/reference.h"

#include <cmath>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "server/numeric/activation_form.h"
#include "server/numeric/narrow.h"

namespace recurd {
namespace {

// The products of a matrix's rows with one vector, by how the matrix is stored. In double weights are what they were.
template <typename T>
class Products {
 public:
  Products(WeightStorage storage, const T* x, int cols)
      : storage_(std::is_same_v<T, float> ? storage : WeightStorage::kFp32), x_(x), cols_(cols) {
    if constexpr (std::is_same_v<T, float>) {
      if (storage_ == WeightStorage::kInt8) quantized_ = Quantize(x, cols);
    }
  }

  T Row(const float* row) const {
    if constexpr (std::is_same_v<T, float>) {
      if (storage_ == WeightStorage::kInt8) return Bytes(row);
    }
    T even = 0, odd = 0;
    for (int c = 0; c < cols_; ++c) {
      const float weight = storage_ == WeightStorage::kBf16 ? RoundToBf16(row[c]) : row[c];
      T& sum = c % 2 == 0 ? even : odd;
      sum = std::fma(static_cast<T>(weight), x_[c], sum);
    }
    return even + odd;
  }

 private:
  float Bytes(const float* row) const {
    const ScaledBytes weights = Quantize(row, cols_);
    int32_t sum = 0;
    for (int c = 0; c < cols_; ++c) sum += int32_t{weights.bytes[c]} * quantized_.bytes[c];
    return static_cast<float>(sum) * (weights.scale * quantized_.scale);
  }

  const WeightStorage storage_;
  const T* const x_;
  const int cols_;
  ScaledBytes quantized_;
};

// One step of one layer: the products of a gate's rows, and the gates on top of them.
template <typename T>
class Step {
 public:
  Step(const Cell& cell, const T* x, T* h, T* c)
      : cell_(cell), size_(cell.hidden_size), input_(cell.storage, x, cell.input_size), h_(h), c_(c) {}

  void Gru() {
    std::vector<T> z(size_), r(size_), reset_h(size_), next(size_);
    const Products<T> recurrent = Recurrent(h_);
    for (int j = 0; j < size_; ++j) {
      z[j] = Activate(cell_.f, Clip(Gate(0, j, recurrent)));
      r[j] = Activate(cell_.f, Clip(Gate(1, j, recurrent)));
      reset_h[j] = r[j] * h_[j];
    }
    const Products<T> reset = Recurrent(reset_h.data());
    for (int j = 0; j < size_; ++j) {
      const T pre = cell_.linear_before_reset ? LinearBeforeReset(j, r[j], recurrent) : Gate(2, j, reset);
      const T n = Activate(cell_.g, Clip(pre));
      next[j] = Blend(z[j], h_[j], n);
    }
    std::copy(next.begin(), next.end(), h_);
  }

  void Lstm() {
    std::vector<T> next(size_);
    const Products<T> recurrent = Recurrent(h_);
    for (int j = 0; j < size_; ++j) {
      const T i = Activate(cell_.f, Clip(Peep(0, j, Gate(0, j, recurrent))));
      const T f = cell_.input_forget ? 1 - i : Activate(cell_.f, Clip(Peep(2, j, Gate(2, j, recurrent))));
      const T g = Activate(cell_.g, Clip(Gate(3, j, recurrent)));
      const T o = Gate(1, j, recurrent);
      c_[j] = MultiplyAdd(f, c_[j], i * g);
      next[j] = Activate(cell_.f, Clip(Peep(1, j, o))) * Activate(cell_.h, c_[j]);
    }
    std::copy(next.begin(), next.end(), h_);
  }

  void Rnn() {
    std::vector<T> next(size_);
    const Products<T> recurrent = Recurrent(h_);
    for (int j = 0; j < size_; ++j) next[j] = Activate(cell_.f, Clip(Gate(0, j, recurrent)));
    std::copy(next.begin(), next.end(), h_);
  }

 private:
  int Row(int gate, int j) const { return gate * size_ + j; }
  Products<T> Recurrent(const T* h) const { return {cell_.storage, h, size_}; }
  T InputProduct(int row) const {
    return input_.Row(cell_.input_weights + static_cast<size_t>(row) * cell_.input_size);
  }
  T RecurrentProduct(int row, const Products<T>& recurrent) const {
    return recurrent.Row(cell_.recurrent_weights + static_cast<size_t>(row) * size_);
  }
  T Gate(int gate, int j, const Products<T>& recurrent) const {
    const int row = Row(gate, j);
    const T bias = static_cast<T>(cell_.input_bias[row]) + static_cast<T>(cell_.recurrent_bias[row]);
    return (InputProduct(row) + bias) + RecurrentProduct(row, recurrent);
  }
  T LinearBeforeReset(int j, T r, const Products<T>& recurrent) const {
    const int row = Row(2, j);
    return MultiplyAdd(r, RecurrentProduct(row, recurrent) + static_cast<T>(cell_.recurrent_bias[row]),
                       InputProduct(row) + static_cast<T>(cell_.input_bias[row]));
  }
  // `gate` counts as the peepholes do: 0 input, 1 output, 2 forget.
  T Peep(int gate, int j, T pre) const {
    return cell_.peepholes ? std::fma(static_cast<T>(cell_.peepholes[Row(gate, j)]), c_[j], pre) : pre;
  }
  T Activate(const Activation& function, T x) const { return ApplyGate(cell_.form, function, x); }
  // In a form of activation that the array has, products are rounded before they are added.
  bool Rounds() const { return std::is_same_v<T, float> && cell_.form != ActivationForm::kExact; }
  T MultiplyAdd(T a, T b, T c) const {
    if (!Rounds()) return std::fma(a, b, c);
    const T product = a * b;
    return product + c;
  }
  T Blend(T z, T h, T n) const { return Rounds() ? MultiplyAdd(1 - z, n, z * h) : std::fma(z, h - n, n); }
  T Clip(T pre) const {
    if (cell_.clip == 0) return pre;
    const T clip = cell_.clip;
    return pre < -clip ? -clip : pre > clip ? clip : pre;
  }

  const Cell& cell_;
  const int size_;
  const Products<T> input_;
  T* const h_;
  T* const c_;
};

}  // namespace

template <typename T>
void ReferenceDense(const float* matrix, const float* bias, int rows, int cols, const T* x, T* out,
                    WeightStorage storage) {
  const Products<T> products(storage, x, cols);
  for (int row = 0; row < rows; ++row) {
    const T product = products.Row(matrix + static_cast<size_t>(row) * cols);
    out[row] = bias ? product + static_cast<T>(bias[row]) : product;
  }
}

template <typename T>
void ReferenceStep(const Cell& cell, const T* x, T* h, T* c) {
  Step<T> step(cell, x, h, c);
  switch (cell.kind) {
    case CellKind::kGru:
      return step.Gru();
    case CellKind::kLstm:
      return step.Lstm();
    case CellKind::kRnn:
      return step.Rnn();
  }
}

template void ReferenceDense(const float*, const float*, int, int, const float*, float*, WeightStorage);
template void ReferenceDense(const float*, const float*, int, int, const double*, double*, WeightStorage);
template void ReferenceStep(const Cell&, const float*, float*, float*);
template void ReferenceStep(const Cell&, const double*, double*, double*);

}  // namespace recurd
