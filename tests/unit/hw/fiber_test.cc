#include "hw/emu/fiber.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace recurd::emu {
namespace {

TEST(Fiber, GoesOnWhereItStoppedEvenInsideACall) {
  std::vector<int> seen;
  Fiber* self = nullptr;
  auto nested = [&](int value) {
    seen.push_back(value);
    self->Suspend();
    seen.push_back(value + 1);
  };
  Fiber fiber([&] { nested(10), nested(20); }, DefaultStackBytes());
  self = &fiber;
  fiber.Resume();
  EXPECT_EQ(seen, (std::vector<int>{10}));
  fiber.Resume();
  EXPECT_EQ(seen, (std::vector<int>{10, 11, 20}));
  EXPECT_FALSE(fiber.done());
  fiber.Resume();
  EXPECT_TRUE(fiber.done());
}

TEST(Fiber, ManyTakeTurnsAndKeepTheirRegisters) {
  std::vector<std::unique_ptr<Fiber>> fibers;
  std::vector<double> sums(50);
  for (int i = 0; i < 50; ++i) {
    fibers.push_back(std::make_unique<Fiber>(
        [&, i] {
          double sum = i;
          for (int turn = 0; turn < 100; ++turn) {
            sum += 0.5;
            fibers[i]->Suspend();
          }
          sums[i] = sum;
        },
        DefaultStackBytes()));
  }
  for (int turn = 0; turn <= 100; ++turn) {
    for (auto& fiber : fibers) fiber->Resume();
  }
  for (int i = 0; i < 50; ++i) EXPECT_EQ(sums[i], i + 50.0);
}

TEST(Fiber, StackIsAlignedForVectorInstructions) {
  uintptr_t address = 1;
  Fiber fiber(
      [&] {
        alignas(16) volatile char bytes[16] = {};
        address = reinterpret_cast<uintptr_t>(&bytes);
      },
      DefaultStackBytes());
  fiber.Resume();
  EXPECT_EQ(address % 16, 0u);
}

TEST(Fiber, RunsOnAThreadOfItsOwnBesideOthers) {
  auto count = [] {
    int steps = 0;
    Fiber* self = nullptr;
    Fiber fiber(
        [&] {
          for (;;) ++steps, self->Suspend();
        },
        DefaultStackBytes());
    self = &fiber;
    for (int i = 0; i < 1000; ++i) fiber.Resume();
    EXPECT_EQ(steps, 1000);
  };
  std::thread other(count);
  count();
  other.join();
}

}  // namespace
}  // namespace recurd::emu
