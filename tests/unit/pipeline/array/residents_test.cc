#include "server/pipeline/array/residents.h"

#include "gtest/gtest.h"

namespace recurd::array {
namespace {

constexpr int kPlaces = 8;

TEST(ResidentsTest, AThingIsFoundWhereItWasPut) {
  Residents places(kPlaces);
  const int index = places.Find(5).index;
  EXPECT_FALSE(places.Find(5).hit);
  places.Fill(index, 5);
  EXPECT_TRUE(places.Find(5).hit);
  EXPECT_EQ(places.Find(5).index, index);
}

TEST(ResidentsTest, EmptyPlacesHoldNothing) { EXPECT_FALSE(Residents(kPlaces).Find(0).hit); }

TEST(ResidentsTest, AsManyAsThereArePlacesStayAndOneMoreReplacesTheOneUsedLongestAgo) {
  Residents places(kPlaces);
  for (uint64_t key = 1; key <= kPlaces; ++key) places.Fill(places.Find(key).index, key);
  places.Fill(places.Find(1).index, 1);
  const Residents::Place ninth = places.Find(9);
  EXPECT_FALSE(ninth.hit);
  places.Fill(ninth.index, 9);
  EXPECT_FALSE(places.Find(2).hit);
  for (uint64_t key : {1, 3, 4, 5, 6, 7, 8, 9}) EXPECT_TRUE(places.Find(key).hit) << key;
}

TEST(ResidentsTest, AClearedPlaceHoldsNothing) {
  Residents places(kPlaces);
  const int index = places.Find(5).index;
  places.Fill(index, 5);
  places.Clear(index);
  EXPECT_FALSE(places.Find(5).hit);
}

TEST(ResidentsTest, AllOfThemCanBeCleared) {
  Residents places(2);
  places.Fill(0, 5);
  places.Fill(1, 6);
  places.Clear();
  EXPECT_FALSE(places.Find(5).hit);
  EXPECT_FALSE(places.Find(6).hit);
}

}  // namespace
}  // namespace recurd::array
