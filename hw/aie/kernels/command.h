#ifndef RECURD_HW_AIE_KERNELS_COMMAND_H_
#define RECURD_HW_AIE_KERNELS_COMMAND_H_

#include <adf.h>

#include <aie_api/aie.hpp>
#include <aie_api/aie_adf.hpp>

#include "hw/config/contract.h"

// Scalars of a loop that no vector unit hides: the youngest one is ready so many cycles later, an expression of
// `timing`. The emulator's adf.h defines it; under Vitis the instructions speak for themselves.
#ifndef RECURD_SCALAR_CYCLES
#define RECURD_SCALAR_CYCLES(cycles)
#endif

// What kernels read off float streams: vectors of eight words, and commands, four words whose bits are moved and never
// computed with. C++17.
namespace recurd {
namespace hw {

inline aie::vector<float, 8> read_vector(input_stream<float>* stream) {
  aie::vector<float, 8> v;
  v.insert(0, readincr_v<4>(stream));
  v.insert(1, readincr_v<4>(stream));
  return v;
}

// A vector is broadcast: what belongs to other tiles is read and dropped.
inline void skip_vectors(input_stream<float>* __restrict stream, int32 count) {
  for (int32 i = 0; i < count; ++i) chess_prepare_for_pipelining read_vector(stream);
}

inline int32 bits_of(float value) {
  int32 bits;
  __builtin_memcpy(&bits, &value, sizeof(bits));
  return bits;
}
inline float float_of(int32 bits) {
  float value;
  __builtin_memcpy(&value, &bits, sizeof(value));
  return value;
}

struct command_words {
  aie::vector<float, 4> beat;
  uint32 op, weight_set, slot, steps;
};

inline command_words decode_command(const aie::vector<float, 4>& beat) {
  command_words command;
  command.beat = beat;
  const aie::vector<int32, 4> bits = aie::vector_cast<int32>(command.beat);
  const uint32 head = bits.get(0);
  command.op = OpOf(head);
  command.weight_set = WeightSetOf(head);
  command.slot = SlotOf(head);
  command.steps = command.op == kOpRun ? bits.get(1) : 0;
  return command;
}

inline command_words read_command(input_stream<float>* stream) { return decode_command(readincr_v<4>(stream)); }

// Streams of single words carry a command as head, steps and sequence.
inline void forward_command(output_stream<float>* stream, const command_words& command) {
  writeincr(stream, command.beat.get(0));
  writeincr(stream, command.beat.get(1));
  writeincr(stream, command.beat.get(3));
}

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_AIE_KERNELS_COMMAND_H_
