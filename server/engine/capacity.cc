#include "server/engine/capacity.h"

#include <algorithm>
#include <utility>

namespace recurd {
namespace {

constexpr double kWindowNs = 5e9;  // what is older has little weight

double ShareOf(const ModelLoad& load) { return load.sessions > 0 ? load.used / load.sessions : 0; }

}  // namespace

void Capacity::Update(const std::vector<std::shared_ptr<ServedModel>>& models, int64_t now_ns) {
  const auto passed_ns = static_cast<double>(now_ns - std::exchange(updated_ns_, now_ns));
  if (passed_ns <= 0) return;
  const double weight = std::min(1.0, passed_ns / kWindowNs);
  used_ = 0;
  for (const auto& model : models) {
    ModelLoad& load = model->load;
    const double now = static_cast<double>(std::exchange(load.ran_ns, 0)) / passed_ns;
    load.used += weight * (now - load.used);
    used_ += load.used;
  }
}

bool Capacity::HasRoom(const ServedModel& model) const {
  return max_load_ == 0 || used_ + ShareOf(model.load) <= max_load_;
}

void Capacity::Opened(ServedModel& model) {
  const double share = ShareOf(model.load);
  model.load.used += share;
  used_ += share;
  ++model.load.sessions;
}

void Capacity::Ended(ServedModel& model) {
  const double share = ShareOf(model.load);
  model.load.used -= share;
  used_ -= share;
  --model.load.sessions;
}

}  // namespace recurd
