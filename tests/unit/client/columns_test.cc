#include "client/recurctl/columns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace recurd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::vector<std::string> kNames = {"sequence", "p0", "p1", "p2", "a-b", "t"};

std::vector<int> Choose(const std::string& list) { return ChooseColumns(kNames, list, "sequence").value(); }

TEST(ChooseColumns, TakesAllButOneWithoutAList) { EXPECT_THAT(Choose(""), ElementsAre(1, 2, 3, 4, 5)); }

TEST(ChooseColumns, TakesNamesInTheirOrder) { EXPECT_THAT(Choose("t,p1"), ElementsAre(5, 2)); }

TEST(ChooseColumns, ExpandsRanges) { EXPECT_THAT(Choose("p0-p2,t"), ElementsAre(1, 2, 3, 5)); }

TEST(ChooseColumns, TakesANameWithADashAsANameFirst) {
  EXPECT_THAT(Choose("a-b"), ElementsAre(4));
  EXPECT_THAT(*ChooseColumns({"p0", "p1", "p0-p1"}, "p0-p1", ""), ElementsAre(2));
}

TEST(ChooseColumns, NamesWhatThereIsNot) {
  for (const char* list : {"p3", "p1-p9", "p2-p0", "p0-q2", "p-p2", "p0-p2000000000", "p0-", "-p2", ","}) {
    const auto chosen = ChooseColumns({"x"}, list, "");
    EXPECT_EQ(chosen.status().code(), absl::StatusCode::kInvalidArgument) << list;
    EXPECT_THAT(std::string(chosen.status().message()), HasSubstr("the input has x"));
  }
}

}  // namespace
}  // namespace recurd
