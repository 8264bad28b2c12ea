#include "server/pipeline/array/mapping.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "hw/emu/plain_colwise.h"
#include "hw/emu/plain_lanes.h"
#include "hw/emu/plain_rowwise.h"
#include "server/numeric/activation_form.h"
#include "server/numeric/profile.h"
#include "server/pipeline/array/layer.h"
#include "server/pipeline/check.h"

namespace recurd::array {
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
std::unique_ptr<RecurrentCell> MakePlainCell(const RecurrentOp& op, ActivationForm, const Kernels&) {
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

// But for the tables, whose weights are scaled, the lanes' order of roundings is the cpu pipeline's.
std::unique_ptr<RecurrentCell> MakeLanesCell(const RecurrentOp& op, ActivationForm form, const Kernels& kernels) {
  if (form == ActivationForm::kLut) return std::make_unique<PlainLanesCell>(op);
  return std::make_unique<PackedRecurrentCell>(op, form, kernels);
}

using Forms = std::vector<ActivationForm>;
constexpr ActivationForm kLut = ActivationForm::kLut, kExact = ActivationForm::kExact;

Forms AllForms() {
  Forms forms;
  for (const NamedForm& named : ActivationForms()) forms.push_back(named.form);
  return forms;
}

std::string NamesOf(const Forms& forms) {
  return absl::StrJoin(forms, ", ", [](std::string* out, ActivationForm form) { *out += NameOf(form); });
}

}  // namespace

absl::StatusOr<ActivationForm> MappingEntry::Choose(std::optional<ActivationForm> asked) const {
  if (!asked) return activations.front();
  if (std::count(activations.begin(), activations.end(), *asked) > 0) return *asked;
  return absl::InvalidArgumentError(absl::StrCat("--mapping=", name, " computes the activation ", NamesOf(activations),
                                                 ", and the model's config.pbtxt asks for ", NameOf(*asked),
                                                 ": leave that out, or choose --mapping=lanes, which has it"));
}

std::string MappingEntry::ProfileOf(ActivationForm form) const {
  return form == activations.front() ? profile : recurd::ProfileOf(form);
}

double MappingEntry::ErrorOf(ActivationForm form) const {
  return ProfileOf(form) == recurd::ProfileOf(form) ? kSameBits : kTableError;
}

const emu::Placement* MappingEntry::FindArray(ActivationForm form, const emu::LayerShape& layer) const {
  return activations.size() > 1 ? emu::FindVariant(form, layer) : emu::FindPlacement(id, layer);
}

const std::vector<MappingEntry>& Mappings() {
  static const std::vector<MappingEntry>& mappings = *new std::vector<MappingEntry>{
      {"lanes", hw::kMappingLanes, emu::kLanesProfile, AllForms(), &ObjectionToGruOrLstm, &MakeLanesCell},
      {"cascade",
       hw::kMappingCascade,
       emu::kColwiseProfile,
       {kLut},
       &ObjectionToGru,
       &MakePlainCell<emu::PlainColwise>},
      {"hybrid", hw::kMappingHybrid, emu::kRowwiseProfile, {kLut}, &ObjectionToGru, &MakePlainCell<emu::PlainRowwise>},
      {"aie", hw::kMappingAie, emu::kRowwiseProfile, {kLut}, &ObjectionToGru, &MakePlainCell<emu::PlainRowwise>},
      {"lanes_exact", hw::kMappingLanesExact, kFp32Profile, {kExact}, &ObjectionToGruOrLstm, &MakeLanesCell},
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
  return absl::InvalidArgumentError(
      absl::StrCat("--mapping=", name, ": there is no such mapping; choose one of ", absl::StrJoin(names, ", ")));
}

}  // namespace recurd::array
