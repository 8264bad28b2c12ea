#include "server/pipeline/xrt/record.h"

#include <vector>

#include "gtest/gtest.h"
#include "hw/config/contract.h"

namespace recurd::board {
namespace {

constexpr RecordName kDue = {7, 2, 1};

std::vector<uint32_t> Record(const RecordName& name) {
  std::vector<uint32_t> words = {1, 2, 3, 4, 5, 6, 7, 8};
  const uint32_t check = CheckOf(words.data(), words.size(), name);
  words.insert(words.end(), {name.sequence, name.row, name.generation, check});
  return words;
}

Fault Judge(const std::vector<uint32_t>& record) { return JudgeRecord(record.data(), 8, kDue); }

TEST(RecordTest, TheOneThatIsDuePasses) { EXPECT_EQ(Judge(Record(kDue)), Fault::kNone); }

TEST(RecordTest, AWholeOneOfAnotherCommandRowOrGenerationIsStale) {
  EXPECT_EQ(Judge(Record({6, 2, 1})), Fault::kStale);
  EXPECT_EQ(Judge(Record({7, 1, 1})), Fault::kStale);
  EXPECT_EQ(Judge(Record({7, 2, 0})), Fault::kStale);
}

TEST(RecordTest, EachLostBitOfARowShows) {
  for (size_t bit = 0; bit < 8 * 32; ++bit) {
    std::vector<uint32_t> record = Record(kDue);
    record[bit / 32] ^= 1u << bit % 32;
    EXPECT_EQ(Judge(record), Fault::kCorrupt) << bit;
  }
}

TEST(RecordTest, ANewRowBeforeAnOldEndIsHalfWritten) {
  std::vector<uint32_t> record = Record({6, 2, 1});
  record[3] = 44;
  EXPECT_EQ(Judge(record), Fault::kHalfWritten);
}

TEST(RecordTest, ARecordWithoutARowIsItsEnd) {
  const uint32_t end[] = {7, 2, 1, CheckOf(nullptr, 0, kDue)};
  EXPECT_EQ(JudgeRecord(end, 0, kDue), Fault::kNone);
}

TEST(RecordTest, TheCheckIsThatOfTheContract) {
  const uint32_t row[] = {1, 2, 3, 4};
  const uint32_t expected = hw::CheckBeat(hw::CheckBeat(0, 1, 2, 3, 4), 7, 2, 1, 0);
  EXPECT_EQ(CheckOf(row, 4, kDue), expected);
}

}  // namespace
}  // namespace recurd::board
