#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <vector>

#include "server/numeric/ops.h"

namespace recurd {

struct Kernels;

// Floats on a cache line's boundary, zero when made.
class AlignedFloats {
 public:
  AlignedFloats() = default;
  explicit AlignedFloats(size_t size);
  float* data() { return data_.get(); }
  const float* data() const { return data_.get(); }
  size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(float* p) const;
  };
  size_t size_ = 0;
  std::unique_ptr<float[], Free> data_;
};

// How many adjacent columns of a row one word holds.
constexpr int ColumnsAWord(WeightStorage storage) {
  return storage == WeightStorage::kInt8 ? 4 : storage == WeightStorage::kBf16 ? 2 : 1;
}

// A matrix laid out for the kernels of one target. Rows are cut into vectors of `lanes` rows, zero rows fill the last;
// a panel is a few adjacent vectors whose columns stand one behind the other, so that a product reads it once, in
// order. Rows may come in groups (a cell's gates) that each start at a vector of their own.
// A lane is a word of 32 bits: a float, or two bfloat16s or four bytes of one row, the first column lowest. Zeros fill
// the last word.
struct PackedMatrix {
  struct Panel {
    int row = 0;  // padded, its first
    int vectors = 0;
    const float* weights = nullptr;  // the words, [ceil(cols / ColumnsAWord)][vectors * lanes]
  };
  WeightStorage storage = WeightStorage::kFp32;
  int rows = 0;  // as they were, of all groups
  int cols = 0;
  int vectors = 0;  // of all groups
  std::vector<Panel> panels;
  AlignedFloats weights;
  AlignedFloats bias;  // [vectors * lanes], or empty
  // Of bytes: each row's scale, and -128 times its sum as an int32. [vectors * lanes]
  AlignedFloats scale, offset;

  // How many floats a product writes.
  size_t padded_rows(int lanes) const { return static_cast<size_t>(vectors) * lanes; }
};

// Packs matrix [rows][cols] and bias [rows] (or null) as `groups` groups of rows / groups rows.
// Precondition: with bytes, at most kMaxInt8Columns columns.
PackedMatrix Pack(const float* matrix, const float* bias, int rows, int cols, int groups, const Kernels& kernels,
                  WeightStorage storage = WeightStorage::kFp32);

// One recurrent layer packed for one target, with its state and scratch. Everything that counts gates is padded to
// whole vectors a gate; what the padding computes never reaches a real row.
struct PackedCell {
  PackedCell(const Cell& cell, const Kernels& kernels);

  // How many steps' input parts there is room for.
  static constexpr int kMaxSteps = 12;
  // Takes up the inputs of the next `steps` steps, rows of [input_size] that begin `stride` floats apart. That of a
  // single step is read when the step is taken, and so are all of a layer whose steps wait more than they compute: its
  // input part then fills the gaps of the step before.
  void TakeInputs(const float* x, size_t stride, int steps);
  // Advances h and c by the next of the steps taken up. Allocates: never.
  void Step() {
    step(*this);
    unread == nullptr ? input += w.padded_rows(lanes) : unread += x_stride;
  }
  void Step(const float* x) {
    TakeInputs(x, 0, 1);
    Step();
  }

  Activation f, g, out;  // Cell's f, g and h
  ActivationForm form;
  float clip;
  bool input_forget;
  bool plain;         // ONNX's default activations, exact; no clip, no peepholes, no coupled gates
  int lanes;          // of the target
  int blocks;         // vectors a gate
  PackedMatrix w, u;  // input and recurrent matrix; of a GRU that resets before the matrix, u has the gates z and r
  PackedMatrix u_candidate;       // of such a GRU
  AlignedFloats candidate_bias;   // recurrent bias of the candidate, for linear_before_reset
  AlignedFloats peepholes;        // [3][padded hidden]
  AlignedFloats h, c;             // [padded hidden]
  AlignedFloats wx;               // [kMaxSteps][gates][padded hidden]
  const float* input;             // the next step's, in wx
  const float* unread = nullptr;  // x of the next step, if its input part isn't there yet
  size_t x_stride = 0;            // to the x after it
  // Steps read the matrices to and fro, so that what a cache still holds of them is read first.
  bool turns, backward = false;
  bool ahead;                              // several steps' input parts are computed at once
  AlignedFloats uh;                        // [gates][padded hidden]
  AlignedFloats z, reset_h, uh_candidate;  // [padded hidden]
  void (*step)(PackedCell&);
  void (*products)(const PackedMatrix&, const float*, size_t, int, float*, size_t);
};

}  // namespace recurd
