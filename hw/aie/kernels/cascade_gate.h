#ifndef RECURD_HW_AIE_KERNELS_CASCADE_GATE_H_
#define RECURD_HW_AIE_KERNELS_CASCADE_GATE_H_

#include "hw/aie/kernels/column_block.h"

// The end of a gate's U chain: biases, W x, and the indices into the activation's table, which go to the PL as complete
// vectors. C++17.
namespace recurd {
namespace hw {

// (bias + W x) for all rows: over before the state comes.
template <int words>
inline void add_bias(input_stream<float>* inputs, const float* __restrict biases, float* __restrict partial) {
  for (int i = 0; i < words; i += 8) chess_prepare_for_pipelining chess_loop_range(1, ) {
      aie::store_v(partial + i, aie::add(aie::load_v<8>(biases + i), read_vector(inputs)));
    }
  chess_separator_scheduler();
}

template <int gate>
constexpr float kLutRange = gate == kGateNew ? kTanhRange : kSigmoidRange;

// The rows' entries of a table that spans [-range, range] in kLutWords entries, cut off, saturated outside.
// Order: floor(fma(v, scale, middle)) after a clamp to the table. Stage by stage: the rows are independent and fill
// each other's latency.
template <int gate, int vectors>
inline void write_indices(aie::vector<float, 8> (&rows)[vectors], output_stream<int32>* indices) {
  constexpr float last = kLutWords - 1;
  const aie::accum<accfloat, 8> middle(aie::broadcast<float, 8>(last / 2));
  const aie::vector<float, 8> scale = aie::broadcast<float, 8>(last / (2 * kLutRange<gate>));
  const aie::vector<float, 8> low = aie::broadcast<float, 8>(0.0f), high = aie::broadcast<float, 8>(last);
  for (auto& row : rows) chess_unroll_loop(*) row = aie::mac(middle, row, scale).template to_vector<float>();
  for (auto& row : rows) chess_unroll_loop(*) row = aie::max(row, low);
  for (auto& row : rows) chess_unroll_loop(*) row = aie::min(row, high);
  for (auto& row : rows) chess_unroll_loop(*) writeincr(indices, aie::to_fixed<int32>(row));
}

// Order: (bias + W x) + U h; `partial` is the first sum.
template <int gate, int vectors>
inline void finish_rows(input_cascade<accfloat>* states, const float* __restrict partial,
                        output_stream<int32>* indices) {
  aie::vector<float, 8> rows[vectors];
  for (int i = 0; i < vectors; ++i) chess_unroll_loop(*) {
      rows[i] = aie::add(aie::load_v<8>(partial + 8 * i), readincr_v<8>(states).template to_vector<float>());
    }
  write_indices<gate>(rows, indices);
}

// `states`: commands and U h over the cascade. `inputs`: the same commands, W x. `indices`: for each step `words`
// indices; of the commands only RELOAD, once both inputs have brought it.
// biases: [sets][words].   Returns on RELOAD.
template <int gate, int words, int sets>
void cascade_gate(input_cascade<accfloat>* __restrict states, input_stream<float>* __restrict inputs,
                  output_stream<int32>* __restrict indices, const float (&biases)[sets * words]) {
  constexpr int group = kRowVectors * kLanes, rest = words % group;
  alignas(32) float partial[words];
  for (;;) {
    const command_words command = read_command(inputs);
    readincr_v<8>(states);
    if (command.op == kOpReload) {
      writeincr(indices, aie::vector_cast<int32>(command.beat));
      return;
    }
    for (uint32 step = 0; step < command.steps; ++step) {
      add_bias<words>(inputs, biases + command.weight_set * words, partial);
      for (int row = 0; row + group <= words; row += group) {
        finish_rows<gate, kRowVectors>(states, partial + row, indices);
      }
      if constexpr (rest > 0) finish_rows<gate, rest / kLanes>(states, partial + (words - rest), indices);
      chess_separator_scheduler();
    }
  }
}

// The candidate's, reset after the matrix. Order: (bias + W x) + (U h + state_bias) * r.
template <int vectors>
inline void finish_reset_rows(input_cascade<accfloat>* states, input_stream<float>* resets,
                              const float* __restrict partial, const float* __restrict state_bias,
                              output_stream<int32>* indices) {
  aie::vector<float, 8> rows[vectors];
  for (int i = 0; i < vectors; ++i) chess_unroll_loop(*) {
      rows[i] = aie::add(readincr_v<8>(states).template to_vector<float>(), aie::load_v<8>(state_bias + 8 * i));
    }
  for (auto& row : rows) chess_unroll_loop(*) row = aie::mul(row, read_vector(resets)).template to_vector<float>();
  for (int i = 0; i < vectors; ++i) chess_unroll_loop(*) rows[i] = aie::add(aie::load_v<8>(partial + 8 * i), rows[i]);
  write_indices<kGateNew>(rows, indices);
}

// As cascade_gate; `resets` brings r.   biases: [sets][bias, state_bias][words].
template <int words, int sets>
void cascade_gate_reset(input_cascade<accfloat>* __restrict states, input_stream<float>* __restrict inputs,
                        input_stream<float>* __restrict resets, output_stream<int32>* __restrict indices,
                        const float (&biases)[sets * 2 * words]) {
  constexpr int group = kRowVectors * kLanes, rest = words % group;
  alignas(32) float partial[words];
  for (;;) {
    const command_words command = read_command(inputs);
    readincr_v<8>(states);
    if (command.op == kOpReload) {
      writeincr(indices, aie::vector_cast<int32>(command.beat));
      return;
    }
    const float* __restrict bias = biases + command.weight_set * 2 * words;
    for (uint32 step = 0; step < command.steps; ++step) {
      add_bias<words>(inputs, bias, partial);
      for (int row = 0; row + group <= words; row += group) {
        finish_reset_rows<kRowVectors>(states, resets, partial + row, bias + words + row, indices);
      }
      if constexpr (rest > 0) {
        finish_reset_rows<rest / kLanes>(states, resets, partial + (words - rest), bias + (2 * words - rest), indices);
      }
      chess_separator_scheduler();
    }
  }
}

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_AIE_KERNELS_CASCADE_GATE_H_
