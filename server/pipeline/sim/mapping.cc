#include "server/pipeline/sim/mapping.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "hw/emu/plain_colwise.h"
#include "hw/emu/plain_lanes.h"
#include "hw/emu/plain_rowwise.h"
#include "server/numeric/profile.h"
#include "server/pipeline/sim/layer.h"

namespace recurd::sim {
namespace {

// A layer by one of hw/emu's plain evaluators. Allocates: in the constructor only.
template <class Evaluator>
class PlainCell final : public RecurrentCell {
 public:
  PlainCell(emu::GruWeights weights, bool reset_before)
      : weights_(std::move(weights)), evaluator_(weights_, reset_before), h_(weights_.hidden_size) {}

  void Step(const float* x) override { evaluator_.Step(x, h_.data()); }
  float* h() override { return h_.data(); }

 private:
  const emu::GruWeights weights_;
  const Evaluator evaluator_;
  std::vector<float> h_;
};

template <class Evaluator>
std::unique_ptr<RecurrentCell> MakePlainCell(const RecurrentOp& op, const Kernels&) {
  return std::make_unique<PlainCell<Evaluator>>(WeightsOf(op), !op.linear_before_reset);
}

class PlainLanesCell final : public RecurrentCell {
 public:
  explicit PlainLanesCell(const RecurrentOp& op)
      : hidden_(op.out.size), evaluator_(WeightsOf(op), ShapeOf(op).cell), state_(2 * hidden_) {}

  void Step(const float* x) override { evaluator_.Step(x, state_.data()); }
  float* h() override { return state_.data(); }
  float* c() override { return state_.data() + hidden_; }

 private:
  const size_t hidden_;
  const emu::PlainLanes evaluator_;
  std::vector<float> state_;
};

std::unique_ptr<RecurrentCell> MakePlainLanesCell(const RecurrentOp& op, const Kernels&) {
  return std::make_unique<PlainLanesCell>(op);
}

// Exact: the lanes' order of roundings is the cpu pipeline's.
std::unique_ptr<RecurrentCell> MakeCpuCell(const RecurrentOp& op, const Kernels& kernels) {
  return std::make_unique<PackedRecurrentCell>(op, kernels);
}

}  // namespace

const std::vector<MappingEntry>& Mappings() {
  static const std::vector<MappingEntry>& mappings = *new std::vector<MappingEntry>{
      {"lanes", hw::kMappingLanes, emu::kLanesProfile, &ObjectionToGruOrLstm, &MakePlainLanesCell},
      {"cascade", hw::kMappingCascade, emu::kColwiseProfile, &ObjectionToGru, &MakePlainCell<emu::PlainColwise>},
      {"hybrid", hw::kMappingHybrid, emu::kRowwiseProfile, &ObjectionToGru, &MakePlainCell<emu::PlainRowwise>},
      {"aie", hw::kMappingAie, emu::kRowwiseProfile, &ObjectionToGru, &MakePlainCell<emu::PlainRowwise>},
      {"lanes_exact", hw::kMappingLanesExact, kFp32Profile, &ObjectionToGruOrLstm, &MakeCpuCell},
  };
  return mappings;
}

absl::StatusOr<std::vector<const MappingEntry*>> FindMappings(const std::string& name) {
  std::vector<const MappingEntry*> found;
  std::vector<std::string> names = {"auto"};
  for (const MappingEntry& mapping : Mappings()) {
    if (name == "auto" || name == mapping.name) found.push_back(&mapping);
    names.push_back(mapping.name);
  }
  if (!found.empty()) return found;
  return absl::InvalidArgumentError(absl::StrCat(
      "--mapping=", name, ": the pipeline sim has no such mapping; choose one of ", absl::StrJoin(names, ", ")));
}

}  // namespace recurd::sim
