#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "server/numeric/kernels.h"
#include "server/pipeline/array/mapping.h"
#include "server/pipeline/array/two_pass_program.h"
#include "server/pipeline/pipeline.h"

namespace recurd::board {

// A model of the xrt pipeline: a program whose recurrent layers the board computes one after the other, all on the one
// array that the bitstream has.
class XrtModel final : public PreparedModel {
 public:
  // A layer as the board takes it.
  struct Layer {
    uint64_t id;  // of all layers ever prepared
    emu::GruWeights weights;
  };

  // A model that asks for no activation gets the bitstream's. job_steps: those of the longest run in one piece.
  // layer_step_ns: the board's measured time of a step of one layer. one_layer: the same, modelled.
  // Errors: INVALID_ARGUMENT naming the layer that doesn't fit, the reason and the way out.
  static absl::StatusOr<std::unique_ptr<XrtModel>> Make(std::shared_ptr<const Model> model,
                                                        const array::MappingEntry& mapping, const emu::Placement& on,
                                                        const Placement& one_layer, double layer_step_ns, int job_steps,
                                                        uint64_t* last_layer_id, const Kernels& kernels);

  const Model& model() const override { return *model_; }
  double step_ns() const override { return step_ns_; }
  Accuracy accuracy() const override { return accuracy_; }
  void set_accuracy(const Accuracy& accuracy) { accuracy_ = accuracy; }
  std::string numerics_profile() const override { return profile_; }
  const Placement* placement() const override { return &placement_; }

  array::TwoPassProgram& program() { return program_; }
  const Layer& layer(size_t layer) const { return layers_[layer]; }

 private:
  XrtModel(std::shared_ptr<const Model> model, std::string profile, Placement placement, std::vector<Layer> layers,
           const emu::LayerShape& on, int job_steps, const Kernels& kernels);
  // The processor's part of a step, the board taken for infinitely fast.
  double MeasureProcessorNs();

  const std::shared_ptr<const Model> model_;
  const std::string profile_;
  const Placement placement_;
  const std::vector<Layer> layers_;
  array::TwoPassProgram program_;
  double step_ns_ = 0;
  Accuracy accuracy_;
};

}  // namespace recurd::board
