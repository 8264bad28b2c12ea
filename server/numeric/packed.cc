#include "server/numeric/packed.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <numeric>

#include "server/numeric/kernels.h"
#include "server/numeric/narrow.h"

namespace recurd {
namespace {

constexpr std::align_val_t kCacheLine{64};

bool IsPlain(const Cell& cell) {
  if (cell.form != ActivationForm::kExact || cell.clip != 0 || cell.peepholes != nullptr || cell.input_forget)
    return false;
  if (cell.kind == CellKind::kRnn) return cell.f.kind == UnaryKind::kTanh;
  return cell.f.kind == UnaryKind::kSigmoid && cell.g.kind == UnaryKind::kTanh &&
         (cell.kind == CellKind::kGru || cell.h.kind == UnaryKind::kTanh);
}

// What is added to W x: both biases, except for a candidate that keeps its recurrent one inside the reset.
std::vector<float> InputBias(const Cell& cell) {
  const int rows = GateCount(cell.kind) * cell.hidden_size;
  const bool apart = cell.kind == CellKind::kGru && cell.linear_before_reset;
  std::vector<float> bias(cell.input_bias, cell.input_bias + rows);
  const int both = apart ? 2 * cell.hidden_size : rows;
  for (int i = 0; i < both; ++i) bias[i] += cell.recurrent_bias[i];
  return bias;
}

// Copies `groups` groups of `size` floats to `padded` floats each.
AlignedFloats Pad(const float* from, int groups, int size, int padded) {
  AlignedFloats to(static_cast<size_t>(groups) * padded);
  for (int g = 0; g < groups; ++g) std::copy_n(from + g * size, size, to.data() + g * padded);
  return to;
}

// One row of a matrix as the words that a lane reads one after the other. Beside them, of bytes: scale and sum.
class Row {
 public:
  Row(const float* weights, int cols, WeightStorage storage) : words_(WordCount(cols, storage)) {
    const int columns = ColumnsAWord(storage);
    const ScaledBytes quantized = storage == WeightStorage::kInt8 ? Quantize(weights, cols) : ScaledBytes{};
    scale_ = quantized.scale;
    sum_ = std::accumulate(quantized.bytes.begin(), quantized.bytes.end(), int32_t{0});
    for (int c = 0; c < cols; ++c) {
      const uint32_t bits = storage == WeightStorage::kFp32   ? std::bit_cast<uint32_t>(weights[c])
                            : storage == WeightStorage::kBf16 ? std::bit_cast<uint32_t>(RoundToBf16(weights[c])) >> 16
                                                              : static_cast<uint8_t>(quantized.bytes[c]);
      words_[c / columns] |= bits << (c % columns * 32 / columns);
    }
  }

  static int WordCount(int cols, WeightStorage storage) {
    return (cols + ColumnsAWord(storage) - 1) / ColumnsAWord(storage);
  }
  float word(int i) const { return std::bit_cast<float>(words_[i]); }
  float scale() const { return scale_; }
  float offset() const { return std::bit_cast<float>(-128 * sum_); }

 private:
  std::vector<uint32_t> words_;
  float scale_ = 0;
  int32_t sum_ = 0;
};

}  // namespace

AlignedFloats::AlignedFloats(size_t size)
    : size_(size), data_(static_cast<float*>(::operator new(size * sizeof(float), kCacheLine))) {
  std::fill_n(data_.get(), size, 0.0f);
}

void AlignedFloats::Free::operator()(float* p) const { ::operator delete(p, kCacheLine); }

PackedMatrix Pack(const float* matrix, const float* bias, int rows, int cols, int groups, const Kernels& kernels,
                  WeightStorage storage) {
  const int lanes = kernels.lanes;
  const int group_rows = rows / groups;
  const int group_vectors = (group_rows + lanes - 1) / lanes;
  const int words = Row::WordCount(cols, storage);
  PackedMatrix packed{.storage = storage, .rows = rows, .cols = cols, .vectors = groups * group_vectors};
  const size_t padded_rows = packed.padded_rows(lanes);
  packed.weights = AlignedFloats(padded_rows * words);
  if (bias) packed.bias = Pad(bias, groups, group_rows, group_vectors * lanes);
  if (storage == WeightStorage::kInt8) {
    packed.scale = AlignedFloats(padded_rows);
    packed.offset = AlignedFloats(padded_rows);
  }

  // Panels of nearly equal width: a narrow last one would wait for its own sums.
  const int panels = (packed.vectors + kernels.panel_vectors - 1) / kernels.panel_vectors;
  float* to = packed.weights.data();
  for (int p = 0, vector = 0; p < panels; ++p) {
    const int end = static_cast<int>(static_cast<int64_t>(packed.vectors) * (p + 1) / panels);
    const int width = (end - vector) * lanes;
    packed.panels.push_back({vector * lanes, end - vector, to});
    for (int lane = 0; lane < width; ++lane) {
      const int padded = vector * lanes + lane;
      const int group = padded / (group_vectors * lanes), in_group = padded % (group_vectors * lanes);
      if (in_group >= group_rows) continue;
      const Row row(matrix + (static_cast<size_t>(group) * group_rows + in_group) * cols, cols, storage);
      for (int w = 0; w < words; ++w) to[static_cast<size_t>(w) * width + lane] = row.word(w);
      if (storage != WeightStorage::kInt8) continue;
      packed.scale.data()[padded] = row.scale();
      packed.offset.data()[padded] = row.offset();
    }
    to += static_cast<size_t>(width) * words;
    vector = end;
  }
  return packed;
}

// What stays in the first-level cache anyway.
constexpr size_t kNearBytes = 32 << 10;

PackedCell::PackedCell(const Cell& cell, const Kernels& kernels)
    : f(cell.f),
      g(cell.g),
      out(cell.h),
      form(cell.form),
      clip(cell.clip),
      input_forget(cell.input_forget),
      plain(IsPlain(cell)),
      lanes(kernels.lanes),
      blocks((cell.hidden_size + kernels.lanes - 1) / kernels.lanes),
      products(kernels.dense_steps) {
  const int gates = GateCount(cell.kind), hidden = cell.hidden_size, rows = gates * hidden;
  const size_t padded = static_cast<size_t>(blocks) * kernels.lanes;
  const bool reset_first = cell.kind == CellKind::kGru && !cell.linear_before_reset;
  const int u_gates = reset_first ? 2 : gates;
  w = Pack(cell.input_weights, InputBias(cell).data(), rows, cell.input_size, gates, kernels, cell.storage);
  u = Pack(cell.recurrent_weights, nullptr, u_gates * hidden, hidden, u_gates, kernels, cell.storage);
  turns = (w.weights.size() + u.weights.size()) * sizeof(float) > kNearBytes;
  ahead = turns || lanes < 16;  // with fewer lanes a tile of steps is quicker even from the first-level cache
  h = AlignedFloats(padded);
  wx = AlignedFloats(kMaxSteps * gates * padded);
  uh = AlignedFloats(gates * padded);
  if (cell.kind == CellKind::kLstm) c = AlignedFloats(padded);
  if (cell.peepholes) peepholes = Pad(cell.peepholes, 3, hidden, static_cast<int>(padded));
  if (reset_first) {
    const float* candidate = cell.recurrent_weights + static_cast<size_t>(2) * hidden * hidden;
    u_candidate = Pack(candidate, nullptr, hidden, hidden, 1, kernels, cell.storage);
    z = AlignedFloats(padded);
    reset_h = AlignedFloats(padded);
    uh_candidate = AlignedFloats(padded);
  } else if (cell.kind == CellKind::kGru) {
    candidate_bias = Pad(cell.recurrent_bias + 2 * hidden, 1, hidden, static_cast<int>(padded));
  }
  step = cell.kind == CellKind::kLstm  ? kernels.lstm
         : cell.kind == CellKind::kRnn ? kernels.rnn
         : reset_first                 ? kernels.gru_reset_before
                                       : kernels.gru_reset_after;
}

void PackedCell::TakeInputs(const float* x, size_t stride, int steps) {
  input = wx.data();
  x_stride = stride;
  unread = steps == 1 || !ahead ? x : nullptr;
  if (unread == nullptr) products(w, x, stride, steps, wx.data(), w.padded_rows(lanes));
}

}  // namespace recurd
