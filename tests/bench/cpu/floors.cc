#include "tests/bench/cpu/floors.h"

#include "server/numeric/packed.h"
#include "tests/bench/cpu/weight_stream.h"

// The targets of server/numeric/kernels.cc.
#define HWY_BROKEN_EMU128 1
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tests/bench/cpu/floors.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
// After foreach_target.h, so that it compiles once a target.
#include "server/numeric/activation-inl.h"

HWY_BEFORE_NAMESPACE();
namespace recurd {
namespace HWY_NAMESPACE {

// One vector of units, one step: h [size] is read, its first units are written.
void StepChain(const float* HWY_RESTRICT weights, float* h, int size) {
  const D d;
  V even = hn::Zero(d), odd = even;
  for (int c = 0; c + 2 <= size; c += 2, weights += 2 * kLanes) {
    even = Fma(hn::Load(d, weights), Constant(h[c]), even);
    odd = Fma(hn::Load(d, weights + kLanes), Constant(h[c + 1]), odd);
  }
  const V sum = hn::Add(even, odd);
  const V n = Tanh(Fma(Sigmoid(sum), sum, sum));
  hn::Store(Fma(sum, hn::Sub(hn::Load(d, h), n), n), d, h);
}

// At least `count` multiply-adds, on so many sums that none waits.
float MultiplyAdds(int64_t count, float multiplier) {
  const V x = Constant(multiplier);
  V a = x, b = x, c = x, e = x, f = x, g = x, i = x, j = x;
  for (; count > 0; count -= 8 * kLanes) {
    a = Fma(a, x, x), b = Fma(b, x, x), c = Fma(c, x, x), e = Fma(e, x, x);
    f = Fma(f, x, x), g = Fma(g, x, x), i = Fma(i, x, x), j = Fma(j, x, x);
  }
  return hn::GetLane(hn::Add(hn::Add(hn::Add(a, b), hn::Add(c, e)), hn::Add(hn::Add(f, g), hn::Add(i, j))));
}

}  // namespace HWY_NAMESPACE
}  // namespace recurd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace recurd {

HWY_EXPORT(StepChain);
HWY_EXPORT(MultiplyAdds);

namespace bench {
namespace {

constexpr size_t kMaxLanes = 16;

class ChainFloor final : public Runner {
 public:
  explicit ChainFloor(const Layer& layer)
      : size_(layer.hidden_size), steps_(layer.steps), weights_(size_ * kMaxLanes), h_(size_ + kMaxLanes) {}

  void Run(int count) override {
    for (int i = 0; i < count * steps_; ++i) HWY_DYNAMIC_DISPATCH(StepChain)(weights_.data(), h_.data(), size_);
  }
  const float* Outputs() override { return h_.data(); }

 private:
  const int size_, steps_;
  AlignedFloats weights_, h_;
};

class ReadingFloor final : public Runner {
 public:
  ReadingFloor(const Layer& layer, double weight_bytes)
      : steps_(layer.steps),
        input_products_(steps_ == 1 ? 0 : int64_t{3} * layer.hidden_size * layer.input_size),
        stream_(
            MakeWeightStream(static_cast<size_t>(weight_bytes) - static_cast<size_t>(input_products_) * sizeof(float),
                             Order::kToAndFro)) {}

  void Run(int count) override {
    for (int i = 0; i < count; ++i) {
      sum_ += HWY_DYNAMIC_DISPATCH(MultiplyAdds)(steps_ * input_products_, 0.5f);
      stream_->Run(steps_);
    }
  }
  const float* Outputs() override { return &sum_; }

 private:
  const int steps_;
  const int64_t input_products_;  // computed ahead
  const std::unique_ptr<Runner> stream_;
  float sum_ = 0;
};

}  // namespace

std::unique_ptr<Runner> MakeFloor(const Problem& problem) {
  constexpr double kNearBytes = 48 << 10;
  if (problem.weight_bytes() <= kNearBytes) return std::make_unique<ChainFloor>(problem.layer());
  return std::make_unique<ReadingFloor>(problem.layer(), problem.weight_bytes());
}

}  // namespace bench
}  // namespace recurd
#endif  // HWY_ONCE
