#ifndef RECURD_HW_AIE_KERNELS_LANE_SPLIT_H_
#define RECURD_HW_AIE_KERNELS_LANE_SPLIT_H_

#include "hw/aie/kernels/column_block.h"
#include "hw/aie/kernels/lane_gate.h"

// Where a tile's memory can't hold all columns of eight rows, two tiles hold them: the head multiplies the first ones
// and hands both accumulators over the cascade to the tail, which goes on with them. Columns come one after the other,
// so the tail begins where the head ends: the same order of roundings, and only the hand-over takes time. Both tiles
// take the whole vector off the stream and drop what isn't theirs. C++17.
namespace recurd {
namespace hw {

inline void send_sums(const lane_sums& sums, output_cascade<accfloat>* cascade) {
  writeincr(cascade, sums.even);
  writeincr(cascade, sums.odd);
}
inline void receive_sums(input_cascade<accfloat>* cascade, lane_sums& sums) {
  sums.even = readincr_v<8>(cascade);
  sums.odd = readincr_v<8>(cascade);
}

// As lane_gate; `cascade` gets the commands and, for each step, W x + b and the sums over the first `head` columns.
// more: vectors in `states`, each step, that aren't for U.
// weights: [sets]{[input_words][8], [8] b, [head][8]}, without W and b where W has its own tile.
template <int input_words, int state_words, int head, int more, int sets, int columns>
void lane_head(input_stream<float>* __restrict inputs, input_stream<float>* __restrict states,
               output_cascade<accfloat>* __restrict cascade, const float (&weights)[sets * columns * 8]) {
  constexpr int input_columns = input_words == 0 ? 0 : input_words + 1;
  for (;;) {
    const command_words command = read_command(inputs);
    forward_command(cascade, command);
    if (command.op == kOpReload) return;
    const float* __restrict set = weights + command.weight_set * (columns * 8);
    for (uint32 step = 0; step < command.steps; ++step) {
      writeincr(cascade, aie::accum<accfloat, 8>(read_input<input_words>(inputs, set)));
      lane_sums sums;
      multiply_lanes<head>(states, set + 8 * input_columns, sums);
      send_sums(sums, cascade);
      chess_separator_scheduler();
      skip_vectors(states, (state_words - head + more * state_words) / 8);
    }
  }
}

// As lane_gate behind a head.   weights: [sets]{[state_words - head][8], [8] b_u}.
template <LaneResult result, int state_words, int head, int sets>
void lane_tail(input_cascade<accfloat>* __restrict cascade, input_stream<float>* __restrict states,
               output_stream<float>* __restrict results, const float (&weights)[sets * (state_words - head + 1) * 8],
               const int32 block) {
  for (;;) {
    const command_words command =
        decode_command(readincr_v<8>(cascade).template to_vector<float>().template extract<4>(0));
    if (command.op == kOpReload) {
      writeincr(results, command.beat);
      return;
    }
    const float* __restrict set = weights + command.weight_set * ((state_words - head + 1) * 8);
    for (uint32 step = 0; step < command.steps; ++step) {
      const aie::vector<float, 8> input = readincr_v<8>(cascade).template to_vector<float>();
      if constexpr (result == LaneResult::kParts) writeincr(results, input);
      skip_vectors(states, head / 8);
      lane_sums sums;
      receive_sums(cascade, sums);
      multiply_lanes<state_words - head>(states, set, sums);
      finish_lanes<result, state_words>(input, sums, set + 8 * (state_words - head), states, results, block);
      chess_separator_scheduler();
    }
  }
}

// As lane_inputs, for the first `head` columns: `cascade` gets their sums. weights: [sets][head][8].
template <int words, int head, int sets>
void lane_inputs_head(input_stream<float>* __restrict inputs, output_cascade<accfloat>* __restrict cascade,
                      const float (&weights)[sets * head * 8]) {
  for (;;) {
    const command_words command = read_command(inputs);
    if (command.op == kOpReload) return;
    const float* __restrict set = weights + command.weight_set * (head * 8);
    for (uint32 step = 0; step < command.steps; ++step) {
      lane_sums sums;
      multiply_lanes<head>(inputs, set, sums);
      send_sums(sums, cascade);
      chess_separator_scheduler();
      skip_vectors(inputs, (words - head) / 8);
    }
  }
}

// As lane_inputs behind a head.   weights: [sets]{[words - head][8], [8] b}.
template <int words, int head, int sets>
void lane_inputs_tail(input_stream<float>* __restrict inputs, input_cascade<accfloat>* __restrict cascade,
                      output_stream<float>* __restrict results, const float (&weights)[sets * (words - head + 1) * 8]) {
  for (;;) {
    const command_words command = read_command(inputs);
    writeincr(results, command.beat);
    if (command.op == kOpReload) return;
    const float* __restrict set = weights + command.weight_set * ((words - head + 1) * 8);
    for (uint32 step = 0; step < command.steps; ++step) {
      skip_vectors(inputs, head / 8);
      lane_sums sums;
      receive_sums(cascade, sums);
      multiply_lanes<words - head>(inputs, set, sums);
      const float* __restrict bias = set + 8 * (words - head);
      writeincr(results, aie::add(sums.total(), aie::load_v<8>(bias)).template to_vector<float>());
      chess_separator_scheduler();
    }
  }
}

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_AIE_KERNELS_LANE_SPLIT_H_
