#include "tests/bench/cpu/ours.h"

#include <algorithm>
#include <vector>

#include "server/numeric/denormals.h"
#include "server/numeric/kernels.h"
#include "server/numeric/packed.h"

namespace recurd::bench {
namespace {

class OurRunner final : public Runner {
 public:
  OurRunner(const Problem& problem, WeightStorage storage)
      : layer_(problem.layer()),
        cell_(problem.CellOf(storage), BestKernels()),
        outputs_(static_cast<size_t>(layer_.steps) * layer_.hidden_size) {}

  void Run(int count) override {
    const ScopedFlushToZero flush;
    for (int i = 0; i < count; ++i) {
      const float* inputs = layer_.inputs + turn_ * layer_.steps * layer_.input_size;
      layer_.steps == 1 ? cell_.Step(inputs) : RunChunk(inputs);
      turn_ = 1 - turn_;
    }
  }
  const float* Outputs() override { return layer_.steps == 1 ? cell_.h.data() : outputs_.data(); }

 private:
  void RunChunk(const float* inputs) {
    float* outputs = outputs_.data();
    for (int left = layer_.steps; left > 0;) {
      const int steps = std::min(left, PackedCell::kMaxSteps);
      cell_.TakeInputs(inputs, static_cast<size_t>(layer_.input_size), steps);
      for (int s = 0; s < steps; ++s, outputs += layer_.hidden_size) {
        cell_.Step();
        std::copy_n(cell_.h.data(), layer_.hidden_size, outputs);
      }
      inputs += steps * layer_.input_size;
      left -= steps;
    }
  }

  const Layer layer_;
  PackedCell cell_;
  std::vector<float> outputs_;
  int turn_ = 0;
};

}  // namespace

std::unique_ptr<Runner> MakeOurs(const Problem& problem, WeightStorage storage) {
  return std::make_unique<OurRunner>(problem, storage);
}

}  // namespace recurd::bench
