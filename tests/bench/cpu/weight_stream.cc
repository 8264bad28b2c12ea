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
// memory, and so is a multiplier that is a constant. Pieces are taken from the last one if `backward`, of both halves
// at once if `halves`: that is the quickest way through much.
float SumProducts(const float* HWY_RESTRICT weights, size_t count, size_t piece, bool halves, bool backward,
                  float multiplier) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  const auto x = hn::Set(d, multiplier);
  auto a = hn::Zero(d), b = a, c = a, e = a, f = a, g = a, h = a, i = a;
  const size_t length = halves ? count / 2 : count, second = halves ? length : 4 * lanes;
  const size_t turn = halves ? 4 * lanes : 8 * lanes, pieces = (length + piece - 1) / piece;
  for (size_t p = 0; p < pieces; ++p) {
    const size_t begin = (backward ? pieces - 1 - p : p) * piece;
    const float* const end = weights + (begin + piece < length ? begin + piece : length);
    for (const float* w = weights + begin; w < end; w += turn) {
      a = hn::MulAdd(hn::Load(d, w), x, a);
      b = hn::MulAdd(hn::Load(d, w + lanes), x, b);
      c = hn::MulAdd(hn::Load(d, w + 2 * lanes), x, c);
      e = hn::MulAdd(hn::Load(d, w + 3 * lanes), x, e);
      f = hn::MulAdd(hn::Load(d, w + second), x, f);
      g = hn::MulAdd(hn::Load(d, w + second + lanes), x, g);
      h = hn::MulAdd(hn::Load(d, w + second + 2 * lanes), x, h);
      i = hn::MulAdd(hn::Load(d, w + second + 3 * lanes), x, i);
    }
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

constexpr size_t kMuch = 256 << 10, kPiece = 8192;
constexpr size_t kUnrolled = 8 * 16;  // floats that a turn of the loop takes, or more of them

class WeightStream final : public Runner {
 public:
  WeightStream(size_t bytes, Order order)
      : order_(order),
        halves_(order == Order::kToAndFro && bytes > kMuch),
        weights_((bytes / sizeof(float) + kUnrolled - 1) / kUnrolled * kUnrolled),
        piece_(order == Order::kToAndFro ? kPiece : weights_.size()) {}

  // What a run gave is the next one's multiplier: none can be left out, or start before the one before is through.
  void Run(int count) override {
    for (int i = 0; i < count; ++i) {
      backward_ = order_ == Order::kToAndFro && !backward_;
      sum_ = HWY_DYNAMIC_DISPATCH(SumProducts)(weights_.data(), weights_.size(), piece_, halves_, backward_, sum_ + 1);
    }
  }
  const float* Outputs() override { return &sum_; }

 private:
  const Order order_;
  const bool halves_;
  AlignedFloats weights_;
  const size_t piece_;
  bool backward_ = false;
  float sum_ = 0;
};

}  // namespace

std::unique_ptr<Runner> MakeWeightStream(size_t bytes, Order order) {
  return std::make_unique<WeightStream>(bytes, order);
}

}  // namespace recurd::bench
#endif  // HWY_ONCE
