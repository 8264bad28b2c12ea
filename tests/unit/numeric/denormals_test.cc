#include "server/numeric/denormals.h"

#include <limits>

#include "gtest/gtest.h"

namespace recurd {
namespace {

// Through volatiles, so that the processor computes it and not the compiler.
float Product(float a, float b) {
  volatile float x = a, y = b;
  return x * y;
}

constexpr float kSmallest = std::numeric_limits<float>::min();
constexpr float kDenormal = std::numeric_limits<float>::denorm_min();

TEST(ScopedFlushToZeroTest, FlushesResultsAndOperandsWhileItLives) {
  {
    const ScopedFlushToZero flush;
    EXPECT_EQ(Product(kSmallest, 0.5f), 0);
    EXPECT_EQ(Product(kDenormal, 1e30f), 0);
  }
  EXPECT_NE(Product(kSmallest, 0.5f), 0);
}

TEST(ScopedFlushToZeroTest, LeavesTheModeToAnOuterOne) {
  const ScopedFlushToZero outer;
  { const ScopedFlushToZero inner; }
  EXPECT_EQ(Product(kSmallest, 0.5f), 0);
}

}  // namespace
}  // namespace recurd
