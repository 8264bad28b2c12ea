#include "server/engine/row_memory.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace recurd {
namespace {

TEST(RowMemoryTest, GivesUpToItsLimitAndTakesBack) {
  RowMemory memory(100);
  RowMemory::Rows first = memory.Take(60);
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(memory.Take(44), nullptr);
  RowMemory::Rows second = memory.Take(40);
  EXPECT_NE(second, nullptr);
  EXPECT_EQ(memory.used_bytes(), 100);
  first.reset();
  EXPECT_EQ(memory.used_bytes(), 40);
  EXPECT_NE(memory.Take(60), nullptr);
}

TEST(RowMemoryTest, WhatTheSystemHasNotIsNull) {
  RowMemory memory(INT64_MAX);
  EXPECT_EQ(memory.Take(int64_t{1} << 60), nullptr);
  EXPECT_EQ(memory.used_bytes(), 0);
}

}  // namespace
}  // namespace recurd
