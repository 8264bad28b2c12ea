#pragma once

#include <string>
#include <utility>
#include <vector>

#include "server/model/model.h"
#include "tests/unit/fakes/random_layer.h"

namespace recurd {

// Kinds of layers, for RandomModel.
enum class LayerKind { kGruResetBefore, kGruResetAfter, kLstm, kRnn };

inline RecurrentOp RandomRecurrentOp(LayerKind kind, Span in, Span out, int state_offset, uint64_t seed) {
  const CellKind cell = kind == LayerKind::kLstm  ? CellKind::kLstm
                        : kind == LayerKind::kRnn ? CellKind::kRnn
                                                  : CellKind::kGru;
  RandomLayer layer(cell, kind == LayerKind::kGruResetAfter, in.size, out.size, seed);
  const int rows = GateCount(cell) * out.size;
  RecurrentOp op{.cell = cell,
                 .linear_before_reset = layer.cell.linear_before_reset,
                 .activations = {layer.cell.f, layer.cell.g, layer.cell.h},
                 .in = in,
                 .out = out,
                 .state_offset = state_offset,
                 .input_weights = {rows, in.size, std::move(layer.input_weights)},
                 .recurrent_weights = {rows, out.size, std::move(layer.recurrent_weights)},
                 .input_bias = std::move(layer.input_bias),
                 .recurrent_bias = std::move(layer.recurrent_bias),
                 .name = "layer"};
  op.activations.resize(cell == CellKind::kLstm ? 3 : cell == CellKind::kGru ? 2 : 1);
  return op;
}

// A model under construction: an input, layers one on the other, and whatever a test puts behind them.
class RandomModelBuilder {
 public:
  explicit RandomModelBuilder(int input_size) {
    model_.input_size = input_size;
    last_ = Allocate(input_size);
    model_.inputs.push_back({.name = "x", .row = {0, input_size}, .shape = {-1, 1, input_size}, .frame = last_});
  }

  Span Allocate(int size) {
    model_.frame_size += size;
    return {model_.frame_size - size, size};
  }

  // A layer on top of the last; its operators so far are those that the state needs.
  void AddLayer(LayerKind kind, int hidden_size) {
    const int state_offset = model_.state_size();
    const Span out = Allocate(hidden_size);
    model_.ops.push_back(RandomRecurrentOp(kind, last_, out, state_offset, ++seed_));
    const int pieces = kind == LayerKind::kLstm ? 2 : 1;
    const std::vector<float> initial = RandomFloats(++seed_).Vector(pieces * hidden_size, 0.5f);
    model_.initial_state.insert(model_.initial_state.end(), initial.begin(), initial.end());
    model_.state_op_count = static_cast<int>(model_.ops.size());
    last_ = out;
  }

  void AddDense(int size) {
    RandomFloats random(++seed_);
    const Span out = Allocate(size);
    model_.ops.push_back(
        DenseOp{last_, out, {size, last_.size, random.Vector(size * last_.size, 0.3f)}, random.Vector(size, 0.3f)});
    last_ = out;
  }

  void AddUnary(UnaryKind kind) { Push(UnaryOp{{kind}, last_, Allocate(last_.size)}); }

  // As an importer writes Softmax: exp(x - max) / sum.
  void AddSoftmax() {
    const int size = last_.size;
    const Span x = last_, max = Allocate(1), wide = Allocate(size), e = Allocate(size), sum = Allocate(1);
    model_.ops.push_back(ReduceOp{ReduceKind::kMax, x, max});
    model_.ops.push_back(RepeatOp{max, wide});
    model_.ops.push_back(BinaryOp{BinaryKind::kSub, x, wide, e});
    model_.ops.push_back(UnaryOp{{UnaryKind::kExp}, e, e});
    model_.ops.push_back(ReduceOp{ReduceKind::kSum, e, sum});
    Push(BinaryOp{BinaryKind::kDiv, e, sum, Allocate(size)});
  }

  void AddOutput(std::string name, Span frame) {
    const int at = model_.output_size;
    model_.outputs.push_back(
        {.name = std::move(name), .row = {at, frame.size}, .shape = {-1, 1, frame.size}, .frame = frame});
    model_.output_size += frame.size;
  }

  Span last() const { return last_; }
  Model& model() { return model_; }

 private:
  template <class AnyOp>
  void Push(AnyOp op) {
    last_ = op.out;
    model_.ops.push_back(std::move(op));
  }

  Model model_{.name = "random", .version = "1", .fingerprint = "0123456789abcdef"};
  Span last_;
  uint64_t seed_ = 0;
};

// One layer, a dense head with a Softmax, and the last operators outside the state's.
inline Model RandomModel(LayerKind kind, int input_size, int hidden_size, int output_size = 3) {
  RandomModelBuilder builder(input_size);
  builder.AddLayer(kind, hidden_size);
  const Span hidden = builder.last();
  builder.AddDense(output_size);
  builder.AddSoftmax();
  builder.AddOutput("y", builder.last());
  builder.AddOutput("h", hidden);
  return std::move(builder.model());
}

}  // namespace recurd
