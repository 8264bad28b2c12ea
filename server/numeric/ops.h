#pragma once

#include <vector>

#include "hw/config/activation.h"

namespace recurd {

// The vocabulary of a step's arithmetic: what model.h describes and numeric/ computes.

// Elementwise functions of one argument. alpha and beta mean what ONNX's operator of the same name means by them.
enum class UnaryKind {
  kIdentity,
  kRelu,
  kLeakyRelu,
  kThresholdedRelu,
  kSigmoid,
  kHardSigmoid,
  kTanh,
  kScaledTanh,
  kElu,
  kSoftsign,
  kSoftplus,
  kAffine,
  kExp,
  kLog,
  kSqrt,
  kReciprocal,
  kAbs,
  kNeg,
  kErf,
};
struct Activation {
  UnaryKind kind = UnaryKind::kIdentity;
  float alpha = 0;
  float beta = 0;
};

// How a recurrent layer's sigmoid and tanh are computed: activation_form.h.
using ActivationForm = hw::ActivationForm;

// How the matrices of recurrent and dense layers are stored: profile.h, narrow.h.
enum class WeightStorage { kFp32, kBf16, kInt8 };

enum class BinaryKind { kAdd, kSub, kMul, kDiv, kMin, kMax, kPow };
enum class ReduceKind { kSum, kMean, kMax };
enum class CellKind { kGru, kLstm, kRnn };

// How many gates a cell has: rows of its matrices / hidden size.
constexpr int GateCount(CellKind kind) { return kind == CellKind::kGru ? 3 : kind == CellKind::kLstm ? 4 : 1; }

// A matrix [rows][cols], row-major.
struct Matrix {
  int rows = 0;
  int cols = 0;
  std::vector<float> values;
  WeightStorage storage = WeightStorage::kFp32;  // what they are rounded to before they multiply
};

// One recurrent layer as ONNX defines it, without owning its weights. G = GateCount(kind), H = hidden_size.
// Gate order: GRU [z r h], LSTM [i o f c], RNN [i]; z keeps the old state.
struct Cell {
  CellKind kind = CellKind::kGru;
  bool linear_before_reset = false;              // GRU
  bool input_forget = false;                     // LSTM: f = 1 - i
  float clip = 0;                                // 0: none. Pre-activations are clipped to [-clip, clip]
  Activation f, g, h;                            // GRU f g; LSTM f g h; RNN f
  ActivationForm form = ActivationForm::kExact;  // of those of f, g and h that are sigmoid or tanh
  WeightStorage storage = WeightStorage::kFp32;  // what the weights below are rounded to
  int input_size = 0;
  int hidden_size = 0;
  const float* input_weights = nullptr;      // [G * H][input_size]
  const float* recurrent_weights = nullptr;  // [G * H][H]
  const float* input_bias = nullptr;         // [G * H]
  const float* recurrent_bias = nullptr;     // [G * H]
  const float* peepholes = nullptr;          // [3 * H] in order i o f, or null
};

}  // namespace recurd
