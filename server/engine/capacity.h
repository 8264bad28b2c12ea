#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "server/engine/catalog.h"

namespace recurd {

// How much of the pipeline's time the sessions use, at the rates they send at and the step times measured. A run
// behind which more of its session's chunks already wait isn't counted: such a session sends as fast as it is served,
// and takes what others leave.
// Threads: serving thread only.
class Capacity {
 public:
  // max_load: 0 to 1, the part that may be used before sessions are refused; 0: they never are.
  explicit Capacity(double max_load) : max_load_(max_load) {}

  void Ran(ServedModel& model, int64_t ns) { model.load.ran_ns += ns; }
  void Update(const std::vector<std::shared_ptr<ServedModel>>& models, int64_t now_ns);

  // 0 to 1, over the last seconds; includes the share expected of sessions that have just been opened.
  double used() const { return std::clamp(used_, 0.0, 1.0); }
  // Whether there is room for one more session of the model, that uses what its others use on average.
  bool HasRoom(const ServedModel& model) const;
  void Opened(ServedModel& model);
  void Ended(ServedModel& model);

 private:
  const double max_load_;
  double used_ = 0;
  int64_t updated_ns_ = 0;
};

}  // namespace recurd
