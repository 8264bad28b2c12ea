#include "tests/bench/cpu/measure.h"

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <utility>

#include "tests/bench/cpu/floors.h"
#include "tests/bench/cpu/ours.h"
#include "tests/bench/cpu/weight_stream.h"

namespace recurd::bench {
namespace {

// What fed-back steps may be off by: float32 arithmetic in any order, and what narrower weights make of it.
constexpr double kFp32Limit = 1e-5, kBf16Limit = 2e-2, kInt8Limit = 1e-1;

double CheckedError(const Problem& problem, const std::string& name, Runner& runner, double limit) {
  const double error = problem.ErrorOf(runner);
  if (error <= limit) return error;
  char text[200];
  std::snprintf(text, sizeof text, "%s is wrong: off by %.2g, at most %.2g is float32 arithmetic (%d,%d) T=%d",
                name.c_str(), error, limit, problem.layer().input_size, problem.layer().hidden_size,
                problem.layer().steps);
  throw std::runtime_error(text);
}

class Contests {
 public:
  Contests(const Problem& problem, const BlockOptions& options, Result* result)
      : problem_(problem), options_(options), result_(*result), ours_(MakeOurs(problem, WeightStorage::kFp32)) {
    result_.error = CheckedError(problem_, "ours fp32", *ours_, kFp32Limit);
  }

  void Against(const std::string& name, Runner& runner, double limit) {
    const double error = CheckedError(problem_, name, runner, limit);
    Time(name, runner, problem_.layer().steps, error);
  }
  void Time(const std::string& name, Runner& runner, int steps, double error) {
    Timed timed = Alternate(*ours_, problem_.layer().steps, runner, steps, options_);
    result_.ours.insert(result_.ours.end(), timed.ours.begin(), timed.ours.end());
    result_.with.push_back({name, std::move(timed), error});
  }

 private:
  const Problem& problem_;
  const BlockOptions& options_;
  Result& result_;
  const std::unique_ptr<Runner> ours_;
};

}  // namespace

const Contest* Result::Find(const std::string& name) const {
  for (const Contest& contest : with) {
    if (contest.name == name) return &contest;
  }
  return nullptr;
}

Result Measure(LayerCell cell, Size size, int steps, const std::vector<NamedPeer>& peers, const BlockOptions& options) {
  const Problem problem(cell, size, steps);
  Result result{.cell = cell, .size = size, .steps = steps, .weight_bytes = problem.weight_bytes()};
  Contests contests(problem, options, &result);
  contests.Against(kBf16, *MakeOurs(problem, WeightStorage::kBf16), kBf16Limit);
  contests.Against(kInt8, *MakeOurs(problem, WeightStorage::kInt8), kInt8Limit);
  if (steps == 1) {
    contests.Time(kStream, *MakeWeightStream(static_cast<size_t>(result.weight_bytes), Order::kForward), 1, 0);
  } else {
    const Problem single(cell, size, 1);
    const auto runner = MakeOurs(single, WeightStorage::kFp32);
    contests.Time(kOneStepRuns, *runner, 1, CheckedError(single, kOneStepRuns, *runner, kFp32Limit));
  }
  if (cell == LayerCell::kGruResetAfter) contests.Time(kFloor, *MakeFloor(problem), steps, 0);
  for (const NamedPeer& peer : peers) {
    const auto runner = peer.peer ? peer.peer->Make(problem.layer()) : nullptr;
    if (runner) contests.Against(peer.name, *runner, kFp32Limit);
  }
  return result;
}

}  // namespace recurd::bench
