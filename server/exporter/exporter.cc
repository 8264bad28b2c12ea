#include "server/exporter/exporter.h"

#include <utility>

#include "server/base/status_macros.h"
#include "server/exporter/collect.h"
#include "server/exporter/text.h"

namespace recurd {

absl::StatusOr<std::unique_ptr<Exporter>> Exporter::Start(const std::string& address, const Metrics& metrics,
                                                          BuildInfo build, std::shared_ptr<const Tokens> tokens,
                                                          int listening_fd) {
  std::unique_ptr<Exporter> exporter(new Exporter(metrics, std::move(build), std::move(tokens)));
  if (address.empty() || address == "off") return exporter;
  const Exporter* self = exporter.get();
  const auto page = [self] { return self->Text(); };
  const auto admits = [self](std::string_view header) { return self->Admits(header); };
  RECURD_ASSIGN_OR_RETURN(exporter->listener_, listening_fd >= 0 ? HttpListener::TakeOver(listening_fd, page, admits)
                                                                 : HttpListener::Start(address, page, admits));
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
  return ToText(Collect(metrics_, build_, models));
}

}  // namespace recurd
