#include "server/exporter/exporter.h"

#include <utility>

#include "prometheus/text_serializer.h"
#include "server/base/status_macros.h"
#include "server/exporter/collect.h"

namespace recurd {

absl::StatusOr<std::unique_ptr<Exporter>> Exporter::Start(const std::string& address, const Metrics& metrics,
                                                          BuildInfo build) {
  std::unique_ptr<Exporter> exporter(new Exporter(metrics, std::move(build)));
  if (address.empty() || address == "off") return exporter;
  const Exporter* self = exporter.get();
  RECURD_ASSIGN_OR_RETURN(exporter->listener_, HttpListener::Start(address, [self] { return self->Text(); }));
  return exporter;
}

Exporter::Exporter(const Metrics& metrics, BuildInfo build) : metrics_(metrics), build_(std::move(build)) {}

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
