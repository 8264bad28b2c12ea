#include "server/pipeline/sequence_program.h"

#include <algorithm>
#include <cstring>

#include "server/numeric/denormals.h"

namespace recurd {
namespace {

void CopyFloats(const float* from, int size, float* to) { std::memcpy(to, from, size * sizeof(float)); }

}  // namespace

SequenceProgram::SequenceProgram(const Model& model, const Kernels& kernels, const CellFactory& make_cell)
    : model_(model) {
  for (const Pass& pass : model.passes) passes_.push_back(std::make_unique<Program>(*pass.step, kernels, make_cell));
}

void SequenceProgram::Execute(const Run& run) {
  const ScopedFlushToZero flush;
  const PassSlice& slice = run.slice;
  const Pass& pass = model_.passes[slice.pass];
  Program& program = *passes_[slice.pass];
  program.LoadState(run.state + pass.state_offset);
  const ptrdiff_t first = pass.backward ? slice.sequence_steps - 1 - slice.done : slice.done;
  const ptrdiff_t direction = pass.backward ? -1 : 1;
  for (int i = 0; slice.pass == 0 && i < run.steps; ++i) {
    const ptrdiff_t step = first + i * direction;
    CopyFloats(run.inputs + step * model_.input_size, model_.input_size, slice.rows + step * model_.row_size);
  }
  program.Walk(slice.rows + first * model_.row_size, direction * model_.row_size, run.steps,
               slice.done + run.steps == slice.sequence_steps);
  CopyFloats(run.state, model_.state_size(), run.next_state);
  program.StoreState(run.next_state + pass.state_offset);
  if (slice.done + run.steps < slice.sequence_steps) return;
  EndPass(pass, slice);
  if (static_cast<size_t>(slice.pass) + 1 == passes_.size()) WriteOutputs(run);
}

void SequenceProgram::EndPass(const Pass& pass, const PassSlice& slice) const {
  const ptrdiff_t last = pass.backward ? 0 : slice.sequence_steps - 1;
  const float* const from = slice.rows + last * model_.row_size;
  for (ptrdiff_t step = 0; step < slice.sequence_steps; ++step) {
    float* const to = slice.rows + step * model_.row_size;
    if (step == last) continue;
    for (const Span& span : pass.finals) CopyFloats(from + span.offset, span.size, to + span.offset);
  }
}

void SequenceProgram::WriteOutputs(const Run& run) const {
  float* to = run.outputs;
  for (ptrdiff_t step = run.selection.first; step < run.slice.sequence_steps; step += run.selection.stride) {
    const float* const row = run.slice.rows + step * model_.row_size;
    for (const TensorSpec& output : model_.outputs) {
      CopyFloats(row + output.frame.offset, output.row.size, to + output.row.offset);
    }
    to += model_.output_size;
  }
}

void RunWholeSequence(const Model& model, const Run& run, int slice_steps,
                      const std::function<void(const Run&)>& execute) {
  std::vector<float> rows(static_cast<size_t>(run.steps) * model.row_size);
  std::vector<float> state(run.state, run.state + model.state_size()), next(state.size());
  for (int pass = 0; pass < static_cast<int>(model.passes.size()); ++pass) {
    for (int done = 0; done < run.steps; done += slice_steps) {
      Run slice = run;
      slice.state = state.data();
      slice.next_state = next.data();
      slice.steps = std::min(slice_steps, run.steps - done);
      slice.slice = {.rows = rows.data(), .sequence_steps = run.steps, .pass = pass, .done = done};
      execute(slice);
      state.swap(next);
    }
  }
  CopyFloats(state.data(), model.state_size(), run.next_state);
}

}  // namespace recurd
