#pragma once

#include <memory>
#include <string>
#include <vector>

#include "server/numeric/kernels.h"
#include "server/pipeline/array/placer.h"
#include "server/pipeline/array/residents.h"
#include "server/pipeline/pipeline.h"

namespace recurd {

// The array without the array. Recurrent layers are computed in a mapping's own order of roundings: by its plain
// evaluator, or, `exact`, by the emulated array itself, which gives the same bits and takes many times longer.
// All else is computed as the cpu pipeline does. Times of a run are modelled: those that the emulator found for the
// placement when the model was prepared, and a switch if none of the array's eight slots holds the session's state.
// Start does all the work on the calling thread, Poll says it is done. An exact run allocates; the others don't.
class SimPipeline final : public Pipeline {
 public:
  // mapping: a name, or "auto" for the one that steps fastest, modelled, for each model by itself. timing_file:
  // overrides of timing constants, `name = cycles` a line (hw/config/timing.h); "": none.
  // Errors: INVALID_ARGUMENT naming the flag and the choices, the file's faulty line; NOT_FOUND for a file that can't
  // be read.
  static absl::StatusOr<std::unique_ptr<SimPipeline>> Make(const std::string& mapping, bool exact,
                                                           const std::string& timing_file);

  const char* name() const override { return "sim"; }
  std::string target() const override;
  std::string numerics_profile() const override;
  // Errors: INVALID_ARGUMENT naming a layer that can't be placed, the reason and the way out; INTERNAL if its steps
  // aren't the plain reference's within the mapping's error.
  absl::StatusOr<std::unique_ptr<PreparedModel>> Prepare(std::shared_ptr<const Model> model) override;
  void Start(const Run& run) override;
  bool Poll(RunResult* result) override;

 private:
  SimPipeline(std::vector<const array::MappingEntry*> mappings, bool exact, const hw::Timing& timing)
      : kernels_(BestKernels()), mappings_(std::move(mappings)), exact_(exact), timing_(timing), placer_(timing) {}

  const Kernels& kernels_;
  const std::vector<const array::MappingEntry*> mappings_;
  const bool exact_;
  const hw::Timing timing_;
  array::Placer placer_;                     // admin thread
  array::Residents slots_{hw::kStateSlots};  // serving thread
  RunResult result_;
};

}  // namespace recurd
