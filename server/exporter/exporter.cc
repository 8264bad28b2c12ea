#include "server/exporter/exporter.h"

#include <utility>

#include "prometheus/text_serializer.h"
#include "server/base/status_macros.h"
#include "server/exporter/collect.h"

namespace recurd {

absl::StatusOr<std::unique_ptr<Exporter>> Exporter::Start(const std::string& address, const Metrics& metrics,
                                                          BuildInfo build, std::shared_ptr<const Tokens> tokens) {
  std::unique_ptr<Exporter> exporter(new Exporter(metrics, std::move(build), std::move(tokens)));
  if (address.empty() || address == "off") return exporter;
  const Exporter* self = exporter.get();
  RECURD_ASSIGN_OR_RETURN(exporter->listener_, HttpListener::Start(
                                                   address, [self] { return self->Text(); },
                                                   [self](std::string_view header) { return self->Admits(header); }));
  return exporter;
}

Exporter::Exporter(const Metrics& metrics, BuildInfo build, std::shared_ptr<const Tokens> tokens)
    : metrics_(metrics), build_(std::move(build)), tokens_(std::move(tokens)) {}

void Exporter::SetTokens(std::shared_ptr<const Tokens> tokens) {
  MutexLock lock(mutex_);
  tokens_ = std::move(tokens);
}

bool Exporter::Admits(std::string_view authorization) const {
  std::shared_ptr<const Tokens> tokens;
  {
    MutexLock lock(mutex_);
    tokens = tokens_;
  }
  if (!tokens) return true;
  const Tokens::Holder* holder = tokens->FindBearer(authorization);
  return holder != nullptr && holder->Has(Role::kMetrics);
}

void Exporter::SetModels(std::vector<ModelInfo> models) {
  MutexLock lock(mutex_);
  models_ = std::move(models);
}

std::string Exporter::Text() const {
  std::vector<ModelInfo> models;
  {
    MutexLock lock(mutex_);
    models = models_;
  }
  return prometheus::TextSerializer().Serialize(Collect(metrics_, build_, models));
}

}  // namespace recurd
