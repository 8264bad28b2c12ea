// The way of one chunk, in the order time runs:
//
//   stage      who owns the data                               clock stamp taken
//   (decode)   rpc: StreamCall::OnChunk                        received_ns, before
//   admit      Submit, Admit: still the rpc's slot             admitted_ns  -> stage "decode"
//   schedule   Schedule: the run queue has the session; an idle engine goes on at once
//   load       Load: the state to start from                   run_start_ns_ -> stage "queue" (first run of the chunk)
//   run        StartRun: the pipeline reads state and inputs, writes next_state and outputs in the reply's own memory
//   store      FinishRun: Commit swaps the two states          now -> stage "pipeline" (sum of the chunk's runs)
//              (a run that failed: OnFault in outage.cc)
//   reply      Reply: back to rpc, StreamCall::OnChunkDone encodes and writes -> stage "encode"
//
// A chunk longer than a quantum goes round schedule..store several times; between quanta the serving thread looks at
// the completion queue. Nothing here allocates, locks, logs or makes a system call on the success path.
#include <algorithm>
#include <utility>

#include "server/engine/engine.h"
#include "server/session/finite.h"

namespace recurd {

bool Engine::Submit(ServedSession* session, Chunk* chunk) {
  session->last_message_ns = chunk->received_ns;
  if (chunk->refusal == Refusal::kNone) chunk->refusal = Admit(*session, *chunk);
  if (chunk->refusal != Refusal::kNone) {
    if (chunk->begin) ExpectBegin(session);
    if (session->queue.empty()) ExpectNext(session);
    if (chunk->refusal == Refusal::kPipelineDown) GiveState(session, *chunk);
    chunk->expected_step = session->admitted_step;
    metrics_.server.refusals[static_cast<size_t>(chunk->refusal)].Add();
    return false;
  }
  const int64_t now_ns = clock_.NowNs();
  session->admitted_step = chunk->end ? 0 : chunk->first_step + static_cast<uint64_t>(chunk->steps);
  session->admitted_in_sequence = !chunk->end;
  if (chunk->begin) session->must_begin = false;
  chunk->selection = Select(*session, *chunk);
  chunk->outputs =
      session->client->OutputRoom(*chunk, chunk->selection.Count(chunk->steps) * session->served->model->output_size);
  chunk->admitted_ns = now_ns;
  const bool waiting = !session->queue.empty();
  session->queue.Push(chunk);
  if (waiting) return true;
  const bool idle = !busy();
  Enqueue(session, now_ns);
  if (idle && !chunk->more) Advance(now_ns);
  return true;
}

Refusal Engine::Admit(ServedSession& session, Chunk& chunk) {
  if (draining_) return Refusal::kDraining;
  const Model& model = *session.served->model;
  const auto width = static_cast<size_t>(model.input_size);
  if (chunk.inputs.empty() || chunk.inputs.size() % width != 0) return Refusal::kWrongLength;
  const size_t steps = chunk.inputs.size() / width;
  if (steps > static_cast<size_t>(options_.max_chunk_steps)) return Refusal::kTooManySteps;
  const int64_t reply_bytes = static_cast<int64_t>(steps) * model.output_size * static_cast<int64_t>(sizeof(float));
  if (reply_bytes > options_.max_message_bytes) return Refusal::kTooManySteps;
  const bool in_order =
      chunk.begin ? chunk.first_step == 0 : session.admitted_in_sequence && chunk.first_step == session.admitted_step;
  if (!in_order) return Refusal::kOutOfOrder;
  if (!AllFinite(chunk.inputs)) return Refusal::kNotFinite;
  if (!HasPipeline(session) && session.queue.empty()) return Refusal::kPipelineDown;
  chunk.steps = chunk.work_steps = static_cast<int>(steps);
  return model.streams() ? Refusal::kNone : AdmitPasses(session, chunk);
}

OutputSelection Engine::Select(const ServedSession& session, const Chunk& chunk) const {
  switch (session.options.outputs) {
    case OutputsWanted::kEveryStep:
      return OutputSelection::Every();
    case OutputsWanted::kLastOfChunk:
      return OutputSelection::Last(chunk.steps);
    case OutputsWanted::kLastOfSequence:
      return chunk.end ? OutputSelection::Last(chunk.steps) : OutputSelection::None(chunk.steps);
    case OutputsWanted::kEveryKth: {
      const int k = session.options.output_stride;
      return {k - 1 - static_cast<int>(chunk.first_step % static_cast<uint64_t>(k)), k};
    }
  }
  return OutputSelection::Every();
}

void Engine::Enqueue(ServedSession* session, int64_t now_ns) {
  const Chunk& chunk = *session->queue.head();
  session->deadline_ns = chunk.deadline_ns;
  const double step_ns = session->served->On(UsesFallback(*session)).step_ns();
  session->remaining_ns = static_cast<int64_t>((chunk.work_steps - chunk.done_steps) * step_ns);
  run_queue_.Push(session, now_ns);
}

void Engine::Advance() {
  if (busy()) Advance(running_ == nullptr ? clock_.NowNs() : 0);
}

// now_ns: only looked at when a run is to be started.
void Engine::Advance(int64_t now_ns) {
  if (running_ == nullptr) {
    ServedSession* session = Schedule(now_ns);
    if (!Load(session, now_ns)) return;
    StartRun(session, now_ns);
  }
  RunResult result;
  if ((run_on_fallback_ ? *fallback_ : pipeline_).Poll(&result)) FinishRun(result);
}

ServedSession* Engine::Schedule(int64_t now_ns) { return static_cast<ServedSession*>(run_queue_.Pop(now_ns)); }

// Readies the state that the head chunk starts from. False if its deadline has passed and it was refused instead.
bool Engine::Load(ServedSession* session, int64_t now_ns) {
  Chunk& chunk = *session->queue.head();
  if (chunk.started()) return true;
  if (now_ns > chunk.deadline_ns) {
    RefuseUntilBegin(session, Refusal::kDeadline);
    return false;
  }
  chunk.queue_ns = now_ns - chunk.admitted_ns;
  if (chunk.begin) {
    session->state.Restart(chunk.begin_state ? absl::MakeConstSpan(chunk.begin_state->values)
                                             : absl::MakeConstSpan(session->served->model->initial_state),
                           0, NewKey());
  }
  return true;
}

void Engine::StartRun(ServedSession* session, int64_t now_ns) {
  const Chunk& chunk = *session->queue.head();
  const Model& model = *session->served->model;
  run_on_fallback_ = UsesFallback(*session);
  PreparedModel& prepared = session->served->On(run_on_fallback_);
  const double step_ns = prepared.step_ns();
  const int64_t quantum_ns = model.serving.quantum_ns > 0 ? model.serving.quantum_ns : options_.quantum_ns;
  const int quantum_steps = std::max(1, static_cast<int>(std::min<double>(quantum_ns / step_ns, 1 << 20)));
  run_ = {.model = &prepared,
          .state_key = session->state.state_key(),
          .next_state_key = NewKey(),
          .state = session->state.values().data(),
          .next_state = session->state.next_values().data()};
  if (model.streams()) {
    const int done = chunk.done_steps;
    run_.inputs = chunk.inputs.data() + static_cast<ptrdiff_t>(done) * model.input_size;
    run_.outputs = chunk.outputs + static_cast<ptrdiff_t>(chunk.selection.Count(done)) * model.output_size;
    run_.steps = std::min(chunk.steps - done, quantum_steps);
    run_.selection = chunk.selection.After(done);
  } else {
    SliceRun(*session, chunk, quantum_steps);
  }
  running_ = session;
  run_start_ns_ = now_ns;
  (run_on_fallback_ ? *fallback_ : pipeline_).Start(run_);
}

// Steps that are done now that the run is, outputs and all: a whole sequence's are so at the end of its last pass.
int Engine::StepsGained(const Chunk& chunk) const {
  if (run_.slice.rows == nullptr) return run_.steps;
  return chunk.done_steps + run_.steps == chunk.work_steps ? chunk.steps : 0;
}

void Engine::FinishRun(const RunResult& result) {
  const int64_t now_ns = clock_.NowNs();
  ServedSession* session = std::exchange(running_, nullptr);
  Chunk& chunk = *session->queue.head();
  const Model& model = *session->served->model;
  metrics_.server.pipeline_busy_ns.Add(static_cast<uint64_t>(now_ns - run_start_ns_));
  if (result.outcome != RunResult::Outcome::kOk) return OnFault(session, result, now_ns);
  session->attempt = Recovery::Try::kFirst;
  if (!run_on_fallback_) recovery_.OnSuccess();
  CountSwitch(result);
  const int steps = StepsGained(chunk);
  const auto written = static_cast<size_t>(run_.selection.Count(steps) * model.output_size);
  if (!AllFinite(session->state.next_values()) || !AllFinite({run_.outputs, written})) {
    return End(session, EndReason::kFailed, "an output or the state became NaN or infinite");
  }
  const bool first = chunk.done_steps == 0;
  session->state.Commit(steps, run_.next_state_key, first);
  if (first) session->before_by_fallback = session->by_fallback;
  if (run_on_fallback_) {
    chunk.on_fallback = true;
    metrics_.server.fallback_steps.Add(static_cast<uint64_t>(steps));
  }
  MoveState(session, run_on_fallback_);
  chunk.done_steps += run_.steps;
  chunk.pipeline_ns += now_ns - run_start_ns_;
  if (chunk.next == nullptr && !session->unary()) capacity_.Ran(*session->served, now_ns - run_start_ns_);
  chunk.modelled_ns += result.modelled_ns;
  if (session->ending != EndReason::kUnspecified) return End(session, session->ending, session->ending_detail);
  if (session->leaving != EndReason::kUnspecified) return Detach(session, session->leaving);
  if (chunk.done_steps == chunk.work_steps) {
    Reply(session, now_ns);
  } else {
    Enqueue(session, now_ns);
  }
}

void Engine::Reply(ServedSession* session, int64_t now_ns) {
  Chunk& chunk = *session->queue.Pop();
  chunk.finished_ns = now_ns;
  if (now_ns > chunk.deadline_ns) metrics_.server.deadline_missed.Add();
  session->last_chunk_faulted = chunk.faulted;
  ModelMetrics& metrics = session->served->MetricsOn(chunk.on_fallback);
  metrics.stage[static_cast<size_t>(Stage::kDecode)].Record(chunk.admitted_ns - chunk.received_ns);
  metrics.stage[static_cast<size_t>(Stage::kQueue)].Record(chunk.queue_ns);
  metrics.stage[static_cast<size_t>(Stage::kPipeline)].Record(chunk.pipeline_ns);
  metrics.step.Record(chunk.pipeline_ns / chunk.steps, static_cast<uint64_t>(chunk.steps));
  metrics.steps.Add(static_cast<uint64_t>(chunk.steps));
  session->last_message_ns = now_ns;
  if (chunk.end) session->state.EndSequence();
  MaybeCheckpoint(session, chunk, now_ns);
  session->client->OnChunkDone(chunk);
  if (session->queue.empty()) {
    session->rows.reset();
  } else {
    Enqueue(session, now_ns);
  }
  if (draining_) End(session, EndReason::kDrained);
}

}  // namespace recurd
