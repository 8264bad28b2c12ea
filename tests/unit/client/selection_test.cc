#include "client/recurctl/selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace recurd {
namespace {

TEST(SelectOutputs, KnowsTheWordsAndNumbers) {
  v1::Open open;
  EXPECT_TRUE(SelectOutputs("last", &open).ok());
  EXPECT_EQ(open.outputs(), v1::Open::LAST_OF_CHUNK);
  EXPECT_TRUE(SelectOutputs("last_of_sequence", &open).ok());
  EXPECT_EQ(open.outputs(), v1::Open::LAST_OF_SEQUENCE);
  EXPECT_TRUE(SelectOutputs("12", &open).ok());
  EXPECT_EQ(open.outputs(), v1::Open::EVERY_KTH);
  EXPECT_EQ(open.output_stride(), 12u);
  EXPECT_TRUE(SelectOutputs("every", &open).ok());
  EXPECT_EQ(open.outputs(), v1::Open::EVERY_STEP);
}

TEST(SelectOutputs, NamesTheWordsThereAre) {
  v1::Open open;
  for (const char* text : {"", "0", "-1", "first", "4294967296"}) {
    EXPECT_THAT(std::string(SelectOutputs(text, &open).message()), ::testing::HasSubstr("give every, last")) << text;
  }
}

}  // namespace
}  // namespace recurd
