#include "hw/emu/step_times.h"

#include "hw/emu/commands.h"

namespace recurd {
namespace emu {
namespace {

GruWeights Zeros(int hidden_size, int input_size) {
  GruWeights weights;
  weights.hidden_size = hidden_size;
  weights.input_size = input_size;
  weights.input.resize(hw::kGates * hidden_size * input_size);
  weights.recurrent.resize(hw::kGates * hidden_size * hidden_size);
  weights.bias.resize(hw::kGates * hidden_size);
  weights.recurrent_bias.resize(hidden_size);
  return weights;
}

// When each word of the state rows came.
absl::StatusOr<std::vector<Cycles>> RowTimes(GruSystem* system, const GruWeights& weights, int state_words, int steps,
                                             bool switched) {
  system->SetWeights({weights});
  const std::vector<float> x(static_cast<size_t>(steps) * weights.input_size), state(state_words);
  const size_t row_words = state_words;
  CommandWriter writer;
  if (switched) writer.Switch(0, 0, state.data(), state_words);
  writer.Run(0, 0, 1, x.data(), steps, weights.input_size);
  system->Give(writer.Take());
  const size_t before = (switched ? hw::kBeatWords + row_words : 0) + hw::kBeatWords;
  if (absl::Status status = system->RunUntil(before + steps * row_words); !status.ok()) return status;
  return std::vector<Cycles>(system->times().begin() + static_cast<std::ptrdiff_t>(before), system->times().end());
}

}  // namespace

absl::StatusOr<StepTimes> RunStepTimes(const MakeGruSystem& make, const hw::Timing& timing, int hidden_size,
                                       int input_size, int steps) {
  return RunStepTimes(make, timing, Zeros(hidden_size, input_size), hw::PaddedWords(hidden_size), steps);
}

absl::StatusOr<StepTimes> RunStepTimes(const MakeGruSystem& make, const hw::Timing& timing, const GruWeights& weights,
                                       int state_words, int steps) {
  const size_t row_words = state_words;
  std::vector<Cycles> times[2];
  for (const bool switched : {false, true}) {
    auto system = make(timing);
    if (!system.ok()) return system.status();
    auto rows = RowTimes(system->get(), weights, state_words, steps, switched);
    if (!rows.ok()) return rows.status();
    times[switched] = *std::move(rows);
  }
  const size_t middle = steps / 2, last = steps - 1;
  StepTimes result;
  result.first = times[0][row_words - 1];
  result.steady = static_cast<double>(times[0][last * row_words] - times[0][middle * row_words]) /
                  static_cast<double>(last - middle);
  result.switch_in = times[1][row_words - 1] - result.first;
  return result;
}

}  // namespace emu
}  // namespace recurd
