#include "client/recurctl/command.h"

#include <gtest/gtest.h>

namespace recurd {
namespace {

TEST(Duration, HasThreeDigitsAndAUnit) {
  EXPECT_EQ(Duration(250), "250 ns");
  EXPECT_EQ(Duration(1234), "1.23 us");
  EXPECT_EQ(Duration(45.6e6), "45.6 ms");
  EXPECT_EQ(Duration(12.34e9), "12.34 s");
}

TEST(JsonString, EscapesWhatJsonDoesNotTake) { EXPECT_EQ(JsonString("a\"b\\c\n\x01"), R"("a\"b\\c\u000a\u0001")"); }

TEST(Printable, ShowsControlCharactersInsteadOfSendingThem) { EXPECT_EQ(Printable("a\x1b[2Jb\n"), "a\\x1b[2Jb\n"); }

TEST(ToJson, ShowsAllFieldsByTheirNamesInTheProto) {
  v1::ListModelsResponse models;
  models.add_models()->set_name("m");
  EXPECT_EQ(ToJson(models), R"({"models":[{"name":"m","version":"","state":"","whole_sequence_reason":""}]})");
}

}  // namespace
}  // namespace recurd
