#ifndef RECURD_HW_AIE_KERNELS_COLUMN_BLOCK_H_
#define RECURD_HW_AIE_KERNELS_COLUMN_BLOCK_H_

#include "hw/aie/kernels/command.h"

// Eight columns of a matrix, all of its rows: the tiles of arXiv 2511.15626, section 4, "Column-wise Cascade". A chain
// of them holds a matrix; the sums of each go over the cascade to the next, which adds its own. C++17.
namespace recurd {
namespace hw {

constexpr int kBlockColumns = kLanes;
// Vectors of rows that are worked on at once: their sums, the operands' vectors and one to come fit the tile's eight
// registers of 256 bits. Two would do to keep the multiplier busy. Source: AM009 Register Files.
constexpr int kRowVectors = 4;

// A command travels over the cascade in front of the sums that it causes: bits that are moved and never computed with.
inline void forward_command(output_cascade<accfloat>* cascade, const command_words& command) {
  aie::vector<float, 8> lanes;
  lanes.insert(0, command.beat);
  lanes.insert(1, command.beat);
  writeincr(cascade, aie::accum<accfloat, 8>(lanes));
}

// Order: each row acc = fma(part[j], columns[j][row], acc) over the eight columns in order, from zero.
template <int words, int vectors>
inline void multiply_rows_of(const aie::vector<float, 8>& part, const float* __restrict columns,
                             float* __restrict sums) {
  aie::accum<accfloat, 8> rows[vectors];
  for (aie::accum<accfloat, 8>& row : rows) chess_unroll_loop(*) row = aie::zeros<accfloat, 8>();
  for (int column = 0; column < kBlockColumns; ++column) chess_prepare_for_pipelining chess_loop_range(8, 8) {
      for (int i = 0; i < vectors; ++i) chess_unroll_loop(*) {
          rows[i] = aie::mac(rows[i], part[column], aie::load_v<8>(columns + column * words + i * 8));
        }
    }
  for (int i = 0; i < vectors; ++i) chess_unroll_loop(*) {
      aie::store_v(sums + i * 8, rows[i].template to_vector<float>());
    }
}

// All rows, some at a time.
template <int words>
inline void multiply_columns(const aie::vector<float, 8>& part, const float* __restrict columns,
                             float* __restrict sums) {
  static_assert(words % kLanes == 0, "rows are padded to whole vectors");
  constexpr int group = kRowVectors * kLanes, rest = words % group;
  for (int row = 0; row + group <= words; row += group) {
    multiply_rows_of<words, kRowVectors>(part, columns + row, sums + row);
  }
  if constexpr (rest > 0) {
    multiply_rows_of<words, rest / kLanes>(part, columns + (words - rest), sums + (words - rest));
  }
}

// The first of a chain hands its sums on as they are.
template <int words>
inline void forward_sums(const float* __restrict own, output_cascade<accfloat>* after) {
  for (int i = 0; i < words; i += 8) chess_prepare_for_pipelining chess_loop_range(1, ) {
      writeincr(after, aie::accum<accfloat, 8>(aie::load_v<8>(own + i)));
    }
  chess_separator_scheduler();
}

// The others add theirs. Order: (sums of the tiles before) + own.
template <int words>
inline void add_sums(input_cascade<accfloat>* before, const float* __restrict own, output_cascade<accfloat>* after) {
  for (int i = 0; i < words; i += 8) chess_prepare_for_pipelining chess_loop_range(1, ) {
      writeincr(after, aie::add(readincr_v<8>(before), aie::load_v<8>(own + i)));
    }
  chess_separator_scheduler();
}

// One step: the tile's part of the vector by its columns. The rest of the vector is read before a sum is written: the
// next tile may be waiting for words that this one holds up.
template <int words>
inline void multiply_vector(input_stream<float>* vectors, const float* __restrict columns, int32 blocks_before,
                            int32 blocks_behind, float* __restrict sums) {
  skip_vectors(vectors, blocks_before);
  multiply_columns<words>(read_vector(vectors), columns, sums);
  skip_vectors(vectors, blocks_behind);
  chess_separator_scheduler();
}

// `vectors` brings commands; after RUN, `steps` vectors of blocks_before + 1 + blocks_behind blocks of eight words.
// `after` hands on the command and, for each vector, the sums of all rows.
// weights: [sets][8 columns][words rows], padded with zeros.   Returns on RELOAD.
template <int words, int sets>
void column_block_first(input_stream<float>* __restrict vectors, output_cascade<accfloat>* __restrict after,
                        const float (&weights)[sets * kBlockColumns * words], const int32 blocks_before,
                        const int32 blocks_behind) {
  alignas(32) float sums[words];
  for (;;) {
    const command_words command = read_command(vectors);
    forward_command(after, command);
    if (command.op == kOpReload) return;
    const float* __restrict columns = weights + command.weight_set * kBlockColumns * words;
    for (uint32 step = 0; step < command.steps; ++step) {
      multiply_vector<words>(vectors, columns, blocks_before, blocks_behind, sums);
      forward_sums<words>(sums, after);
    }
  }
}

// As column_block_first, behind another tile: `before` brings the same commands and the sums so far.
template <int words, int sets>
void column_block(input_stream<float>* __restrict vectors, input_cascade<accfloat>* __restrict before,
                  output_cascade<accfloat>* __restrict after, const float (&weights)[sets * kBlockColumns * words],
                  const int32 blocks_before, const int32 blocks_behind) {
  alignas(32) float sums[words];
  for (;;) {
    const command_words command = read_command(vectors);
    readincr_v<8>(before);
    forward_command(after, command);
    if (command.op == kOpReload) return;
    const float* __restrict columns = weights + command.weight_set * kBlockColumns * words;
    for (uint32 step = 0; step < command.steps; ++step) {
      multiply_vector<words>(vectors, columns, blocks_before, blocks_behind, sums);
      add_sums<words>(before, sums, after);
    }
  }
}

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_AIE_KERNELS_COLUMN_BLOCK_H_
