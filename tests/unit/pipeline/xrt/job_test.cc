#include "server/pipeline/xrt/job.h"

#include <bit>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hw/config/contract.h"

namespace recurd::board {
namespace {

using testing::ElementsAre;

std::vector<uint32_t> Words(const Job& job) { return {job.words().begin(), job.words().end()}; }

constexpr uint32_t kOne = std::bit_cast<uint32_t>(1.0f), kTwo = std::bit_cast<uint32_t>(2.0f);

TEST(JobTest, CommandsAndRowsStandAsTheContractHasThem) {
  const std::vector<float> state = {1, 1, 1, 1}, rows = {2, 2, 2, 2, 1, 1, 1, 1};
  Job job({4, 4}, 2);
  job.Begin(10);
  job.Reload();
  job.Switch(5, state.data());
  job.Run(5, 1, rows.data(), 2);
  EXPECT_THAT(Words(job),
              ElementsAre(hw::PackHead(hw::kOpReload, 0, 0), 0, 0, 10,                          //
                          hw::PackHead(hw::kOpSwitch, 0, 5), 0, 0, 11, kOne, kOne, kOne, kOne,  //
                          hw::PackHead(hw::kOpRun, 1, 5), 2, 0, 12, kTwo, kTwo, kTwo, kTwo, kOne, kOne, kOne, kOne));
}

TEST(JobTest, EachCommandHasItsAnswer) {
  const std::vector<float> state(8), rows(3 * 16);
  Job job({16, 8}, 3);
  job.Begin(1);
  job.Reload();
  job.Switch(0, state.data());
  job.Run(0, 0, rows.data(), 3);
  ASSERT_EQ(job.answers().size(), 3u);
  EXPECT_EQ(job.answers()[0].row_words, 0u);
  EXPECT_FALSE(job.answers()[1].wanted);
  EXPECT_EQ(job.answers()[2].rows, 3u);
  EXPECT_EQ(job.answers()[2].sequence, 3u);
  EXPECT_EQ(job.result_beats(), 1u + 3u + 3u * 3u);
}

TEST(JobTest, BeginEmptiesIt) {
  Job job({8, 8}, 1);
  job.Begin(1);
  job.Reload();
  job.Begin(2);
  EXPECT_TRUE(job.words().empty());
  EXPECT_EQ(job.result_beats(), 0u);
}

}  // namespace
}  // namespace recurd::board
