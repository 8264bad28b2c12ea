#include "server/engine/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace recurd {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<ServedModel> Make(const std::string& name, const std::string& version) {
  auto model = std::make_shared<Model>();
  model->name = name;
  model->version = version;
  auto served = std::make_shared<ServedModel>();
  served->model = model;
  return served;
}

TEST(CatalogTest, FindsTheHighestVersionByNumberUnlessOneIsNamed) {
  Catalog catalog;
  for (const char* version : {"9", "10", "2"}) catalog.Put(Make("a", version));
  catalog.Put(Make("b", "77"));
  EXPECT_EQ(catalog.Find("a", "")->model->version, "10");
  EXPECT_EQ(catalog.Find("a", "2")->model->version, "2");
  EXPECT_EQ(catalog.Find("a", "3"), nullptr);
}

TEST(CatalogTest, PutTakesTheOldOnesPlace) {
  Catalog catalog;
  catalog.Put(Make("a", "1"));
  const auto fresh = Make("a", "1");
  catalog.Put(fresh);
  EXPECT_EQ(catalog.Find("a", ""), fresh);
  EXPECT_EQ(catalog.models().size(), 1u);
}

TEST(CatalogTest, AMissingModelIsNamedWithThoseThereAreAndNeverEchoedRaw) {
  Catalog catalog;
  catalog.Put(Make("a", "1"));
  const std::string hostile = std::string("x\n\xff") + std::string(1000, 'y');
  const std::string text(FindModel(catalog, hostile, "").status().message());
  EXPECT_THAT(text, HasSubstr("a/1"));
  EXPECT_THAT(text, HasSubstr("x\\n\\xff"));
  EXPECT_LT(text.size(), 200u);
}

}  // namespace
}  // namespace recurd
