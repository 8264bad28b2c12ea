#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/numeric/kernels.h"
#include "server/pipeline/array/mapping.h"
#include "server/pipeline/array/residents.h"
#include "server/pipeline/pipeline.h"
#include "server/pipeline/xrt/board.h"
#include "server/pipeline/xrt/xrt_model.h"

namespace recurd {

// A Versal board whose array computes the recurrent layers; all else is computed as the cpu pipeline does, with the
// bits of --pipeline=sim for the same mapping.
// A bitstream is one placement. All layers of all models take turns on it, each over all steps of a run, with weights
// in one of its weight sets and a state in one of its slots. A layer whose weights aren't there replaces those that
// were used longest ago: Start then writes run-time parameters, the one slow way through here (weight_loads()).
// Times of a run are measured by whoever polls; the placement's are modelled, as sim's.
class XrtPipeline final : public Pipeline {
 public:
  // mapping: a name, or "auto" for the one that the bitstream has. timing: of the model.
  // Errors: as board::Board::Make; INVALID_ARGUMENT naming both where the bitstream has another mapping.
  static absl::StatusOr<std::unique_ptr<XrtPipeline>> Make(std::unique_ptr<board::Device> device,
                                                           const std::string& mapping, const Clock& clock,
                                                           const board::BoardOptions& options = {},
                                                           const hw::Timing& timing = {});

  const char* name() const override { return "xrt"; }
  std::string target() const override;
  std::string numerics_profile() const override;
  // Doesn't touch the board: what is compared with the plain reference is the mapping's plain evaluator, whose bits the
  // array gives. Errors: INVALID_ARGUMENT naming a layer that doesn't fit, the reason and the way out; INTERNAL.
  absl::StatusOr<std::unique_ptr<PreparedModel>> Prepare(std::shared_ptr<const Model> model) override;
  void Start(const Run& run) override;
  bool Poll(RunResult* result) override;
  absl::Status Repair() override;

  const board::Board& board() const { return *board_; }
  // How often a layer's weights had to be written to the board.
  uint64_t weight_loads() const { return weight_loads_; }

 private:
  XrtPipeline(std::unique_ptr<board::Board> board, const array::MappingEntry& mapping, Placement placement);

  board::XrtModel& model() const { return *static_cast<board::XrtModel*>(run_.model); }
  // A run longer than a job takes several pieces, each through all layers. Between them states have keys of their own.
  void StartPiece();
  void FinishPiece();
  // Hands the layer's job over; sees whether it is done.
  void StartLayer();
  void PollLayer();
  // The set that has the layer's weights from the next job on.
  absl::StatusOr<int> LoadWeights(const board::XrtModel::Layer& layer);
  uint64_t SlotKey(uint64_t state_key) const { return state_key * kMaxLayers + layer_; }
  void Fail(bool lost, Fault fault);
  // What the mapping's plain evaluator gives. Errors: INTERNAL if it isn't the plain reference's, within its error.
  absl::StatusOr<Accuracy> CheckMapping(const Model& model) const;

  static constexpr uint64_t kMaxLayers = 64;
  static constexpr uint64_t kPieceKey = uint64_t{1} << 56;  // above all keys that callers use

  const std::unique_ptr<board::Board> board_;
  const Kernels& kernels_;
  const array::MappingEntry& mapping_;
  const Placement one_layer_;   // its modelled times are those of one layer
  uint64_t last_layer_id_ = 0;  // admin thread

  std::vector<emu::GruWeights> weights_;  // of each set, as they are or are to be on the board
  array::Residents sets_, slots_;
  bool reload_due_ = false;  // kernels haven't seen the latest weights
  uint64_t weight_loads_ = 0;
  bool lost_ = false;

  board::Job job_;
  Run run_, piece_;
  uint64_t piece_keys_ = kPieceKey;
  int done_ = 0;      // steps of the run
  size_t layer_ = 0;  // that is on the board
  array::Residents::Place slot_ = {0, false};
  bool running_ = false;
  RunResult result_;
};

}  // namespace recurd
