#include "server/engine/catalog.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace recurd {

std::vector<ModelSummary> Catalog::Summaries() const {
  std::vector<ModelSummary> summaries;
  for (const auto& m : models_) {
    const Placement* placement = m->prepared->placement();
    summaries.push_back({m->model->name, m->model->version, m->model->fingerprint,
                         placement == nullptr ? std::nullopt : std::optional<Placement>(*placement)});
  }
  return summaries;
}

absl::StatusOr<std::shared_ptr<ServedModel>> FindModel(const Catalog& catalog, const std::string& name,
                                                       const std::string& version) {
  if (auto served = catalog.Find(name, version)) return served;
  constexpr size_t kShown = 64;
  std::vector<std::string> names;
  for (const auto& m : catalog.models()) names.push_back(absl::StrCat(m->model->name, "/", m->model->version));
  return absl::NotFoundError(
      absl::StrCat("no model '", absl::CHexEscape(name.substr(0, kShown)), "'",
                   version.empty() ? "" : absl::StrCat(" version '", absl::CHexEscape(version.substr(0, kShown)), "'"),
                   "; served are: ", names.empty() ? "none" : absl::StrJoin(names, ", ")));
}

}  // namespace recurd
