#include "client/recurctl/flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace recurd {
namespace {

using ::testing::HasSubstr;

class FlagSetTest : public ::testing::Test {
 protected:
  FlagSetTest() {
    set_.AddPositional("NAME", &name_, true, "A name.");
    set_.Add("text", &text_, "Some text.");
    set_.Add("on", &on_, "A switch.");
    set_.Add("count", &count_, 1, 100, "A count.");
    set_.Add("seconds", &seconds_, 0, 10, "A time in seconds.");
    set_.AddChoice("form", &form_, {"csv", "json"}, "A form.");
  }

  std::string Error(const std::vector<std::string>& arguments) {
    bool help = false;
    return std::string(set_.Read(arguments, &help).message());
  }

  FlagSet set_{"test NAME [flags]", "Tests."};
  std::string name_, text_, form_ = "csv";
  bool on_ = false;
  int64_t count_ = 7;
  double seconds_ = 1.5;
};

TEST_F(FlagSetTest, TakesValuesBehindAnEqualsSignOrASpace) {
  EXPECT_EQ(Error({"me", "--text=a=b", "--count", "8", "--on", "--seconds=2.5", "--form=json"}), "");
  EXPECT_EQ(name_, "me");
  EXPECT_EQ(text_, "a=b");
  EXPECT_EQ(count_, 8);
  EXPECT_TRUE(on_);
  EXPECT_EQ(seconds_, 2.5);
  EXPECT_EQ(form_, "json");
}

TEST_F(FlagSetTest, KeepsDefaults) {
  EXPECT_EQ(Error({"-"}), "");
  EXPECT_EQ(name_, "-");
  EXPECT_EQ(count_, 7);
}

TEST_F(FlagSetTest, ABoolTakesTrueAndFalseOnly) {
  EXPECT_EQ(Error({"me", "--on=true"}), "");
  EXPECT_EQ(Error({"me", "--on=false"}), "");
  EXPECT_FALSE(on_);
  EXPECT_THAT(Error({"me", "--on=1"}), HasSubstr("--on=1: give true or false"));
}

TEST_F(FlagSetTest, NumbersNameTheirLimits) {
  for (const char* bad : {"0", "101", "x", "", "1.5", "99999999999999999999"}) {
    EXPECT_THAT(Error({"me", std::string("--count=") + bad}), HasSubstr("give a whole number from 1 to 100"));
  }
  EXPECT_THAT(Error({"me", "--seconds=nan"}), HasSubstr("give a number from 0 to 10"));
  EXPECT_EQ(count_, 7);
}

TEST_F(FlagSetTest, UnknownWordsAreErrorsThatListTheChoices) {
  EXPECT_THAT(Error({"me", "--cuont=1"}),
              HasSubstr("unknown flag --cuont; there are --text --on --count --seconds --form"));
  EXPECT_THAT(Error({"me", "--form=xml"}), HasSubstr("give one of csv, json"));
  EXPECT_THAT(Error({"me", "you"}), HasSubstr("'you' is one word too many"));
  EXPECT_THAT(Error({}), HasSubstr("NAME is missing"));
  EXPECT_THAT(Error({"me", "--text"}), HasSubstr("--text needs a value"));
}

TEST_F(FlagSetTest, HelpSaysMeaningAndDefaultOfEachFlagAndTheExitCodes) {
  const std::string help = set_.Help();
  EXPECT_THAT(help, HasSubstr("usage: recurctl test NAME [flags]"));
  EXPECT_THAT(help, HasSubstr("A count. Default: 7."));
  EXPECT_THAT(help, HasSubstr("A form. One of csv, json. Default: csv."));
  EXPECT_THAT(help, HasSubstr("Exit codes: 0 done"));
  bool wanted = false;
  EXPECT_TRUE(set_.Read({"--help"}, &wanted).ok());
  EXPECT_TRUE(wanted);
}

}  // namespace
}  // namespace recurd
