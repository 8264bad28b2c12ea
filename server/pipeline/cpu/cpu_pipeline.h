#pragma once

#include <memory>
#include <string>

#include "server/numeric/kernels.h"
#include "server/pipeline/pipeline.h"

namespace recurd {

// Computes on the calling thread with the fastest instruction set of the machine: Start does all the work, Poll says it
// is done. Bits are those of the model's numerics profile (numeric/profile.h), whatever the instruction set, the cut of
// a sequence into runs, or the order of different models' runs. A form of activation other than the exact one, which a
// model's configuration may ask for, is computed value by value, more slowly.
// A prepared model carries its own scratch, so it is in at most one run at a time; different ones may be prepared on
// one thread while others run on another.
class CpuPipeline final : public Pipeline {
 public:
  explicit CpuPipeline(const Kernels& kernels = BestKernels()) : kernels_(kernels) {}

  const char* name() const override { return "cpu"; }
  std::string numerics_profile() const override;  // of a model whose configuration asks for no other
  std::string target() const override { return kernels_.target; }

  // Packs the weights, measures a step and compares some with the plain reference, which takes some milliseconds.
  // Errors: INVALID_ARGUMENT if the model's program doesn't keep to its own buffers (model/validate.h); INTERNAL if it
  // doesn't give the reference's bits.
  absl::StatusOr<std::unique_ptr<PreparedModel>> Prepare(std::shared_ptr<const Model> model) override;
  void Start(const Run& run) override;
  bool Poll(RunResult* result) override;

 private:
  const Kernels& kernels_;
};

}  // namespace recurd
