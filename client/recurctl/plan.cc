#include <cstdio>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/recurctl/command.h"
#include "client/recurctl/model_file.h"
#include "client/recurctl/plan/layer_plan.h"
#include "client/recurctl/plan/picture.h"
#include "client/recurctl/plan/report.h"
#include "server/base/status_macros.h"
#include "server/pipeline/array/placer.h"

namespace recurd {
namespace {

struct PlanFlags {
  std::string file, mapping = "auto", svg, cell = "gru_after";
  int64_t weight_sets = 2;
  bool sweep = false, json = false;

  void AddTo(FlagSet* set) {
    set->AddPositional("FILE", &file, false,
                       "An ONNX model, or a repository's DIR/model/version. Not needed with --sweep.");
    set->AddChoice("mapping", &mapping, MappingNames(), "Which mapping to plan; auto: all of them, the best marked.");
    set->Add("weight_sets", &weight_sets, 1, 16, "Weight sets that stay resident in the tiles; fewer leave more room.");
    set->Add("svg", &svg, "File for a picture of the array with tiles by role and streams, of the best mapping.");
    set->Add("sweep", &sweep, "Print tables of the steady step in ns over units (8..256) and inputs (8..512).");
    set->AddChoice("cell", &cell, {"gru_after", "gru_before", "lstm"},
                   "Of a --sweep without FILE: the kind of layer, a GRU by the place of its reset.");
    set->Add("json", &json, "Print the plan, or the sweep, as one JSON object; times in ns.");
  }

  static std::vector<std::string> MappingNames() {
    std::vector<std::string> names = {"auto"};
    for (const array::MappingEntry& mapping : array::Mappings()) names.emplace_back(mapping.name);
    return names;
  }
};

hw::LaneCell CellOf(const std::string& name) {
  return name == "lstm"         ? hw::LaneCell::kLstm
         : name == "gru_before" ? hw::LaneCell::kGruBefore
                                : hw::LaneCell::kGruAfter;
}
hw::LaneCell CellOf(const RecurrentOp& op) {
  return op.cell == CellKind::kLstm ? hw::LaneCell::kLstm
         : op.linear_before_reset   ? hw::LaneCell::kGruAfter
                                    : hw::LaneCell::kGruBefore;
}

absl::Status WriteSvg(const PlanFlags& flags, const Model& model, const ModelPlan& plan) {
  std::vector<const MappingPlan*> layers;
  for (const LayerPlan& layer : plan.layers) {
    for (const MappingPlan& mapping : layer.mappings) {
      if (mapping.mapping == plan.best && plan.best != nullptr) layers.push_back(&mapping);
    }
  }
  if (layers.empty()) return absl::InvalidArgumentError("--svg: nothing lies on the array, so there is no picture");
  RECURD_ASSIGN_OR_RETURN(const std::string svg, PlanSvg(model.name, layers));
  std::ofstream file(flags.svg);
  file << svg;
  if (file.flush()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("--svg=", flags.svg, ": can't be written; give a writable place"));
}

absl::Status Plan(const PlanFlags& flags, const Model& model, const std::vector<const array::MappingEntry*>& mappings) {
  const ModelPlan plan = PlanModel(model, mappings, static_cast<int>(flags.weight_sets));
  std::fputs((flags.json ? PlanJson(model, plan) : PlanText(model, plan)).c_str(), stdout);
  if (!flags.svg.empty()) RECURD_RETURN_IF_ERROR(WriteSvg(flags, model, plan));
  if (plan.best != nullptr || plan.layers.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("model ", model.name, " doesn't fit with --mapping=", flags.mapping,
                                                 ": the plan says why; try --mapping=auto, or --pipeline=cpu"));
}

absl::Status PlanOrSweep(const PlanFlags& flags) {
  RECURD_ASSIGN_OR_RETURN(const auto mappings, array::FindMappings(flags.mapping));
  Model model;
  hw::LaneCell cell = CellOf(flags.cell);
  if (!flags.file.empty()) {
    RECURD_ASSIGN_OR_RETURN(const ModelFile file, ReadModelFile(flags.file));
    RECURD_ASSIGN_OR_RETURN(model, ImportModelFile(file, nullptr));
  }
  RECURD_RETURN_IF_ERROR(array::CheckForArray(model));
  if (!flags.sweep) return Plan(flags, model, mappings);
  for (const Op& op : model.ops) {
    if (const auto* layer = std::get_if<RecurrentOp>(&op)) cell = CellOf(*layer);
  }
  const auto sweep = flags.json ? SweepJson : SweepText;
  std::fputs(sweep(mappings, cell, static_cast<int>(flags.weight_sets)).c_str(), stdout);
  return absl::OkStatus();
}

}  // namespace

int RunPlan(const std::vector<std::string>& arguments) {
  FlagSet set("plan FILE [flags]",
              "Says where a model's recurrent layers would lie on the AI Engine array, what they take of it, how\n"
              "long a step takes there and why. Needs no daemon. Every time is modelled, none measured. Exit code 1\n"
              "if no mapping fits.");
  PlanFlags flags;
  flags.AddTo(&set);
  if (const std::optional<int> code = set.Parse(arguments)) return *code;
  if (flags.file.empty() && !flags.sweep) return FailUsage("FILE is missing; give an ONNX model, or --sweep");
  if (flags.sweep && !flags.svg.empty()) return FailUsage("--svg draws a model's plan; leave out --sweep");
  const absl::Status status = PlanOrSweep(flags);
  return status.ok() ? kExitOk : Fail(status);
}

}  // namespace recurd
