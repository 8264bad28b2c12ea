// Models that have passes. A request is one whole sequence; its work is the steps of each pass in turn, cut into runs
// of at most a quantum like any other. Rows are provided at admission and stay until the answer. A run that is tried
// again does the same slice: it reads none of the columns that it writes, so that what the failed one left there is no
// matter.
#include <algorithm>
#include <climits>

#include "server/engine/engine.h"

namespace recurd {

Refusal Engine::AdmitPasses(ServedSession& session, Chunk& chunk) {
  const Model& model = *session.served->model;
  const int64_t bytes = int64_t{chunk.steps} * model.row_size * static_cast<int64_t>(sizeof(float));
  const int64_t work_steps = int64_t{chunk.steps} * static_cast<int64_t>(model.passes.size());
  if (bytes > options_.max_sequence_bytes || work_steps > INT_MAX) return Refusal::kTooManySteps;
  chunk.work_steps = static_cast<int>(work_steps);
  if (session.rows == nullptr) session.rows = row_memory_.Take(bytes);
  // Those that are there are in use: a call's sequences are all as long as its first.
  return session.rows != nullptr && bytes <= session.rows.get_deleter().bytes() ? Refusal::kNone : Refusal::kNoMemory;
}

void Engine::SliceRun(const ServedSession& session, const Chunk& chunk, int quantum_steps) {
  const int done = chunk.done_steps % chunk.steps;
  run_.inputs = chunk.inputs.data();
  run_.outputs = chunk.outputs;
  run_.steps = std::min(chunk.steps - done, quantum_steps);
  run_.selection = chunk.selection;
  run_.slice = {
      .rows = session.rows.get(), .sequence_steps = chunk.steps, .pass = chunk.done_steps / chunk.steps, .done = done};
}

}  // namespace recurd
