#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/model/accuracy.h"
#include "server/model/model.h"

namespace recurd {

// Which steps of a run leave their output row: first, first + stride, first + 2 * stride, ... below the step count.
struct OutputSelection {
  int first = 0;
  int stride = 1;

  static OutputSelection Every() { return {0, 1}; }
  static OutputSelection Last(int steps) { return {steps - 1, 1}; }
  static OutputSelection None(int steps) { return {steps, 1}; }
  // The same steps as a run that starts `done` steps later sees them.
  OutputSelection After(int done) const {
    return {first >= done ? first - done : (stride - (done - first) % stride) % stride, stride};
  }
  int Count(int steps) const { return first >= steps ? 0 : (steps - 1 - first) / stride + 1; }
};

// Modelled times of a model's recurrent layers on the array, in nanoseconds: they come out of a timing model, never off
// a clock. The operators around the layers are the processor's and not in them.
// A run of T steps takes switch_ns (if the array held another state) + first_ns + (T - 1) * steady_ns.
struct ModelledTime {
  double first_ns = 0;
  double steady_ns = 0;
  double switch_ns = 0;
  double RunNs(int steps, bool state_hit) const {
    return (state_hit ? 0 : switch_ns) + first_ns + (steps - 1) * steady_ns;
  }
};

// How a model lies on the array: each layer has an array of its own, and what counts is their sum. That goes for times
// too, because a layer waits for the one below it.
struct Placement {
  std::string mapping;
  int tile_count = 0;
  int plio_count = 0;
  int64_t memory_bytes = 0;  // of the tiles' data memory
  ModelledTime modelled;
};

// A model made ready for one pipeline: packed weights, a placement, an expected step time.
// Made on the admin thread, used by the serving thread, destroyed by whoever lets go of it last.
class PreparedModel {
 public:
  virtual ~PreparedModel() = default;
  virtual const Model& model() const = 0;
  // Expected wall time of one step within a longer run, measured while warming; turns a quantum into steps. Of a model
  // that has passes: a step of the slowest one.
  virtual double step_ns() const = 0;
  // The order and functions of every rounding; equal profiles give equal bits (numeric/profile.h).
  virtual std::string numerics_profile() const = 0;
  // Of its outputs, measured while warming.
  virtual Accuracy accuracy() const = 0;
  // Null where there is no array.
  virtual const Placement* placement() const { return nullptr; }
};

// Where a run stands in a whole sequence, for a model that has passes.
struct PassSlice {
  float* rows = nullptr;  // [sequence_steps][Model::row_size]; the caller's, passed from run to run unchanged
  int sequence_steps = 0;
  int pass = 0;
  int done = 0;  // steps of this pass that earlier runs did
};

// `steps` consecutive steps of one sequence, at most a quantum of work. The caller owns every buffer and keeps it alive
// and unchanged until the run is complete. A failed run has not changed `state`: it can be tried again as it stands.
struct Run {
  PreparedModel* model = nullptr;
  // Names the content of `state`: equal keys mean equal content, so that an array that still holds it needs no
  // transfer.
  uint64_t state_key = 0;
  uint64_t next_state_key = 0;    // the key of what `next_state` will hold
  const float* state = nullptr;   // [state_size]
  float* next_state = nullptr;    // [state_size], not `state` itself
  const float* inputs = nullptr;  // [steps][input_size]
  float* outputs = nullptr;       // [selection.Count(steps)][output_size]
  int steps = 0;
  OutputSelection selection;
  // A model that has passes: one run is `steps` steps of one pass, in the pass's direction; runs come pass by pass.
  // Then inputs, outputs and selection are the whole sequence's: the first pass takes up the inputs of the steps it
  // walks, the run that ends the last pass writes the outputs. Rows null: a model that streams.
  PassSlice slice;
};

// What was wrong with a run. kFaultNames are the values of recurd_pipeline_faults_total's label.
enum class Fault {
  kNone,
  kHang,         // no answer in time
  kStale,        // the answer to an earlier job, or one that had come before
  kHalfWritten,  // a row that isn't whole, though the job was reported done
  kCorrupt,      // a row whose check is wrong
  kRefused,      // the array called the job wrong
  kDevice,       // the driver or the library failed
  kInternal,     // the emulated array stood still
};
inline constexpr std::array<const char*, 8> kFaultNames = {"none",    "hang",    "stale",  "half_written",
                                                           "corrupt", "refused", "device", "internal"};

// How a run ended.
struct RunResult {
  enum class Outcome {
    kOk,
    kFault,  // failed; the pipeline has cleaned up behind it and takes the next run, or this one again
    kLost,   // failed, and the pipeline takes no run until Repair has succeeded
  };
  Outcome outcome = Outcome::kOk;
  Fault fault = Fault::kNone;
  bool state_hit = true;   // the state was where it was needed
  double modelled_ns = 0;  // 0 where there is no timing model
};

// What computes steps. One run is in flight at a time: Start, then Poll until it says so; it will, in bounded time.
// Threads: Prepare on the admin thread, Repair on any other, Start and Poll on the serving thread. Start and Poll
// neither allocate, lock, log nor make a system call, but where a run needs weights that aren't on the array. Nobody
// else touches a run's buffers: a caller that ends for good may stop polling and free them.
class Pipeline {
 public:
  virtual ~Pipeline() = default;
  // "cpu", "sim" or "xrt".
  virtual const char* name() const = 0;
  // What it runs on, for people: the instruction set, or the board.
  virtual std::string target() const = 0;
  // The profile of its models; if they may differ, what makes them differ (PreparedModel has each one's).
  virtual std::string numerics_profile() const = 0;
  // Builds, warms, and compares some steps with the plain reference (check.h).
  // Errors: INVALID_ARGUMENT naming the node or the limit that can't be met; INTERNAL if it computes it wrongly.
  virtual absl::StatusOr<std::unique_ptr<PreparedModel>> Prepare(std::shared_ptr<const Model> model) = 0;
  // Precondition: no run is in flight.
  virtual void Start(const Run& run) = 0;
  // True once the run is complete; then no run is in flight.
  virtual bool Poll(RunResult* result) = 0;
  // Brings the pipeline back from nothing: after a run was kLost, or where it keeps failing. Takes seconds. The caller
  // sees to it that nothing is started meanwhile. Models stay prepared. Errors: UNAVAILABLE, then only a new process,
  // or a new board, can help.
  virtual absl::Status Repair() { return absl::OkStatus(); }
};

}  // namespace recurd
