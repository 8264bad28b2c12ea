#ifndef RECURD_HW_AIE_KERNELS_LANE_GATE_H_
#define RECURD_HW_AIE_KERNELS_LANE_GATE_H_

#include "hw/aie/kernels/lane_exp.h"

// Eight rows of a gate as the eight lanes of a tile: a streamed word costs one multiply-accumulate, and nothing has to
// be reduced. C++17.
namespace recurd {
namespace hw {

// What a gate's tile sends in each step, for its eight rows. gate = (W x + b) + U h.
enum class LaneResult {
  kGate,        // gate
  kExp,         // e^gate
  kExpm1,       // e^(2 gate) - 1
  kParts,       // W x + b, as soon as it is there; U h + b_u
  kResetExpm1,  // a second vector brings r: e^(2 v) - 1 of v = fma(r, U h + b_u, W x + b)
  kTwoExpm1,    // e^(2 gate) - 1; a second vector brings c: e^(2 c) - 1
};
constexpr bool TakesSecondVector(LaneResult result) {
  return result == LaneResult::kResetExpm1 || result == LaneResult::kTwoExpm1;
}

// Products of a vector with eight rows. Columns are taken in order into two accumulators, even and odd, because one
// takes two cycles to add.
struct lane_sums {
  aie::accum<accfloat, 8> even = aie::zeros<accfloat, 8>(), odd = aie::zeros<accfloat, 8>();

  // Their sum; the odd columns end last.
  aie::accum<accfloat, 8> total() const { return aie::add(odd, even.to_vector<float>()); }
};

// The next `words` words of a vector.   columns: [words][8 rows].
template <int words>
inline void multiply_lanes(input_stream<float>* __restrict vectors, const float* __restrict columns, lane_sums& sums) {
  static_assert(words % kLanes == 0, "vectors are padded to whole vectors");
  for (int i = 0; i < words; i += 4) chess_prepare_for_pipelining chess_loop_range(2, ) {
      const aie::vector<float, 4> v = readincr_v<4>(vectors);
      sums.even = aie::mac(sums.even, v[0], aie::load_v<8>(columns + 8 * i));
      sums.odd = aie::mac(sums.odd, v[1], aie::load_v<8>(columns + 8 * i + 8));
      sums.even = aie::mac(sums.even, v[2], aie::load_v<8>(columns + 8 * i + 16));
      sums.odd = aie::mac(sums.odd, v[3], aie::load_v<8>(columns + 8 * i + 24));
    }
}

// W x + b.   set: [words][8], [8 biases].
template <int words>
inline aie::vector<float, 8> input_part(input_stream<float>* __restrict vectors, const float* __restrict set) {
  lane_sums sums;
  multiply_lanes<words>(vectors, set, sums);
  return aie::add(sums.total(), aie::load_v<8>(set + 8 * words)).template to_vector<float>();
}

// Where commands and W x + b come from: input_words 0: from the tile that makes it.   set: [input_words][8], [8] b.
template <int input_words>
inline aie::vector<float, 8> read_input(input_stream<float>* __restrict inputs, const float* __restrict set) {
  if constexpr (input_words == 0) {
    return read_vector(inputs);
  } else {
    return input_part<input_words>(inputs, set);
  }
}

// What a gate's tile does with its sums. state_bias: [8] b_u. block: which eight rows of a second vector are its own.
template <LaneResult result, int state_words>
inline void finish_lanes(const aie::vector<float, 8>& input, const lane_sums& sums, const float* __restrict state_bias,
                         input_stream<float>* __restrict states, output_stream<float>* __restrict results,
                         int32 block) {
  if constexpr (result == LaneResult::kParts || result == LaneResult::kResetExpm1) {
    const aie::vector<float, 8> state = aie::add(sums.total(), aie::load_v<8>(state_bias)).template to_vector<float>();
    if constexpr (result == LaneResult::kParts) {
      writeincr(results, state);
    } else {
      skip_vectors(states, block);
      const aie::accum<accfloat, 8> gate = aie::mac(aie::accum<accfloat, 8>(input), state, read_vector(states));
      writeincr(results, expm1_twice_lanes(gate.template to_vector<float>()));
    }
  } else {
    const aie::vector<float, 8> gate = aie::add(sums.total(), input).template to_vector<float>();
    if constexpr (result == LaneResult::kGate) writeincr(results, gate);
    if constexpr (result == LaneResult::kExp) writeincr(results, exp_lanes(gate));
    if constexpr (result == LaneResult::kExpm1 || result == LaneResult::kTwoExpm1) {
      writeincr(results, expm1_twice_lanes(gate));
    }
    if constexpr (result == LaneResult::kTwoExpm1) {
      chess_separator_scheduler();  // c is made of what was written
      skip_vectors(states, block);
      writeincr(results, expm1_twice_lanes(read_vector(states)));
    }
  }
  if constexpr (TakesSecondVector(result)) {
    chess_separator_scheduler();
    skip_vectors(states, state_words / 8 - 1 - block);
  }
}

// `inputs` brings commands; after RUN, for each step a vector x, or W x + b from a tile of its own (input_words 0).
// `states` brings, for each step, the vector that U is for and what LaneResult asks for more.
// `results` gets eight words or sixteen a step; of the commands only RELOAD.
// weights: [sets]{[input_words][8], [8] b, [state_words][8], [8] b_u}, without W and b where W has its own tile.
// Returns on RELOAD.
template <LaneResult result, int input_words, int state_words, int sets, int columns>
void lane_gate(input_stream<float>* __restrict inputs, input_stream<float>* __restrict states,
               output_stream<float>* __restrict results, const float (&weights)[sets * columns * 8],
               const int32 block) {
  constexpr int input_columns = input_words == 0 ? 0 : input_words + 1;
  for (;;) {
    const command_words command = read_command(inputs);
    if (command.op == kOpReload) {
      writeincr(results, command.beat);
      return;
    }
    const float* __restrict set = weights + command.weight_set * (columns * 8);
    const float* __restrict state_columns = set + 8 * input_columns;
    for (uint32 step = 0; step < command.steps; ++step) {
      const aie::vector<float, 8> input = read_input<input_words>(inputs, set);
      if constexpr (result == LaneResult::kParts) writeincr(results, input);
      lane_sums sums;
      multiply_lanes<state_words>(states, state_columns, sums);
      finish_lanes<result, state_words>(input, sums, state_columns + 8 * state_words, states, results, block);
      chess_separator_scheduler();
    }
  }
}

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_AIE_KERNELS_LANE_GATE_H_
