#include "tests/bench/cpu/weight_stream.h"

#include "server/numeric/packed.h"

// The targets of server/numeric/kernels.cc.
#define HWY_BROKEN_EMU128 1
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tests/bench/cpu/weight_stream.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace recurd::bench {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Sums, so many that a multiply-add never waits for the one before. Named one by one: an array of them is kept in
// memory, and so is a multiplier that is a constant.
float SumProducts(const float* HWY_RESTRICT weights, size_t count, float multiplier) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  const auto x = hn::Set(d, multiplier);
  auto a = hn::Zero(d), b = a, c = a, e = a, f = a, g = a, h = a, i = a;
  for (const float* end = weights + count; weights < end; weights += 8 * lanes) {
    a = hn::MulAdd(hn::Load(d, weights), x, a);
    b = hn::MulAdd(hn::Load(d, weights + lanes), x, b);
    c = hn::MulAdd(hn::Load(d, weights + 2 * lanes), x, c);
    e = hn::MulAdd(hn::Load(d, weights + 3 * lanes), x, e);
    f = hn::MulAdd(hn::Load(d, weights + 4 * lanes), x, f);
    g = hn::MulAdd(hn::Load(d, weights + 5 * lanes), x, g);
    h = hn::MulAdd(hn::Load(d, weights + 6 * lanes), x, h);
    i = hn::MulAdd(hn::Load(d, weights + 7 * lanes), x, i);
  }
  const auto sum = hn::Add(hn::Add(hn::Add(a, b), hn::Add(c, e)), hn::Add(hn::Add(f, g), hn::Add(h, i)));
  return hn::GetLane(hn::SumOfLanes(d, sum));
}

}  // namespace HWY_NAMESPACE
}  // namespace recurd::bench
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace recurd::bench {
namespace {

HWY_EXPORT(SumProducts);

constexpr size_t kUnrolled = 8 * 16;  // floats that a turn of the loop takes, or more of them

class WeightStream final : public Runner {
 public:
  explicit WeightStream(size_t bytes) : weights_((bytes / sizeof(float) + kUnrolled - 1) / kUnrolled * kUnrolled) {}

  // What a run gave is the next one's multiplier: none can be left out, or start before the one before is through.
  void Run(int count) override {
    for (int i = 0; i < count; ++i) {
      sum_ = HWY_DYNAMIC_DISPATCH(SumProducts)(weights_.data(), weights_.size(), sum_ + 1);
    }
  }
  const float* Outputs() override { return &sum_; }

 private:
  AlignedFloats weights_;
  float sum_ = 0;
};

}  // namespace

std::unique_ptr<Runner> MakeWeightStream(size_t bytes) { return std::make_unique<WeightStream>(bytes); }

}  // namespace recurd::bench
#endif  // HWY_ONCE
