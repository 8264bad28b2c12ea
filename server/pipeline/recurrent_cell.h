#pragma once

#include <functional>
#include <memory>

#include "server/model/model.h"
#include "server/numeric/packed.h"

namespace recurd {

// A recurrent layer at work in a program: its state, and how it takes a step. Each pipeline makes its own.
class RecurrentCell {
 public:
  // At most so many steps are announced at once.
  static constexpr int kMaxSteps = PackedCell::kMaxSteps;

  virtual ~RecurrentCell() = default;
  // Announces the inputs of the next `steps` steps, which begin `stride` floats apart, for a cell that is quicker with
  // several at once. Then comes a Step for each of them.
  virtual void TakeInputs(const float* /*x*/, size_t /*stride*/, int /*steps*/) {}
  // Advances the state by one step. Shapes: x [input_size], any alignment.
  virtual void Step(const float* x) = 0;
  // The state, to be read and written between steps; never moves. Shapes: [hidden_size]. c of an LSTM only.
  virtual float* h() = 0;
  virtual float* c() { return nullptr; }
};

using CellFactory = std::function<std::unique_ptr<RecurrentCell>(const RecurrentOp&)>;

// The layer in the bits of ProfileOf(form), by an instruction set's kernels. Allocates: in the constructor only.
class PackedRecurrentCell final : public RecurrentCell {
 public:
  PackedRecurrentCell(const RecurrentOp& op, ActivationForm form, const Kernels& kernels);
  void TakeInputs(const float* x, size_t stride, int steps) override { cell_.TakeInputs(x, stride, steps); }
  void Step(const float* /*x*/) override { cell_.Step(); }
  float* h() override { return cell_.h.data(); }
  float* c() override { return cell_.c.data(); }

 private:
  PackedCell cell_;
};

}  // namespace recurd
