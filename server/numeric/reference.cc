#include "server/numeric/reference.h"

#include <cmath>
#include <type_traits>
#include <vector>

#include "server/numeric/activation_form.h"

namespace recurd {
namespace {

template <typename T>
T RowProduct(const float* row, int cols, const T* x) {
  T even = 0, odd = 0;
  for (int c = 0; c < cols; ++c) {
    T& sum = c % 2 == 0 ? even : odd;
    sum = std::fma(static_cast<T>(row[c]), x[c], sum);
  }
  return even + odd;
}

// One step of one layer: the products of a gate's rows, and the gates on top of them.
template <typename T>
class Step {
 public:
  Step(const Cell& cell, const T* x, T* h, T* c) : cell_(cell), size_(cell.hidden_size), x_(x), h_(h), c_(c) {}

  void Gru() {
    std::vector<T> z(size_), r(size_), reset_h(size_), next(size_);
    for (int j = 0; j < size_; ++j) {
      z[j] = Activate(cell_.f, Clip(Gate(0, j, h_)));
      r[j] = Activate(cell_.f, Clip(Gate(1, j, h_)));
      reset_h[j] = r[j] * h_[j];
    }
    for (int j = 0; j < size_; ++j) {
      const T pre = cell_.linear_before_reset ? LinearBeforeReset(j, r[j]) : Gate(2, j, reset_h.data());
      const T n = Activate(cell_.g, Clip(pre));
      next[j] = Blend(z[j], h_[j], n);
    }
    std::copy(next.begin(), next.end(), h_);
  }

  void Lstm() {
    std::vector<T> next(size_);
    for (int j = 0; j < size_; ++j) {
      const T i = Activate(cell_.f, Clip(Peep(0, j, Gate(0, j, h_))));
      const T f = cell_.input_forget ? 1 - i : Activate(cell_.f, Clip(Peep(2, j, Gate(2, j, h_))));
      const T g = Activate(cell_.g, Clip(Gate(3, j, h_)));
      const T o = Gate(1, j, h_);
      c_[j] = MultiplyAdd(f, c_[j], i * g);
      next[j] = Activate(cell_.f, Clip(Peep(1, j, o))) * Activate(cell_.h, c_[j]);
    }
    std::copy(next.begin(), next.end(), h_);
  }

  void Rnn() {
    std::vector<T> next(size_);
    for (int j = 0; j < size_; ++j) next[j] = Activate(cell_.f, Clip(Gate(0, j, h_)));
    std::copy(next.begin(), next.end(), h_);
  }

 private:
  int Row(int gate, int j) const { return gate * size_ + j; }
  T InputProduct(int row) const {
    return RowProduct(cell_.input_weights + static_cast<size_t>(row) * cell_.input_size, cell_.input_size, x_);
  }
  T RecurrentProduct(int row, const T* h) const {
    return RowProduct(cell_.recurrent_weights + static_cast<size_t>(row) * size_, size_, h);
  }
  T Gate(int gate, int j, const T* h) const {
    const int row = Row(gate, j);
    const T bias = static_cast<T>(cell_.input_bias[row]) + static_cast<T>(cell_.recurrent_bias[row]);
    return (InputProduct(row) + bias) + RecurrentProduct(row, h);
  }
  T LinearBeforeReset(int j, T r) const {
    const int row = Row(2, j);
    return MultiplyAdd(r, RecurrentProduct(row, h_) + static_cast<T>(cell_.recurrent_bias[row]),
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
  const T* const x_;
  T* const h_;
  T* const c_;
};

}  // namespace

template <typename T>
void ReferenceDense(const float* matrix, const float* bias, int rows, int cols, const T* x, T* out) {
  for (int row = 0; row < rows; ++row) {
    const T product = RowProduct(matrix + static_cast<size_t>(row) * cols, cols, x);
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

template void ReferenceDense(const float*, const float*, int, int, const float*, float*);
template void ReferenceDense(const float*, const float*, int, int, const double*, double*);
template void ReferenceStep(const Cell&, const float*, float*, float*);
template void ReferenceStep(const Cell&, const double*, double*, double*);

}  // namespace recurd
