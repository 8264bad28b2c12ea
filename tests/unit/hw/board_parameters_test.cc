// Run-time parameters under the names that a host writes them by.
#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "hw/emu/placement.h"
#include "tests/unit/hw/lanes_fixture.h"

namespace recurd::emu {
namespace {

class ParametersTest : public testing::TestWithParam<Placement> {
 protected:
  std::vector<GruWeights> Sets(int count) const {
    std::vector<GruWeights> sets;
    const LayerShape& shape = GetParam().shape;
    for (int set = 0; set < count; ++set) {
      sets.push_back(RandomLayer(shape.hidden_size, shape.input_size, shape.cell, 100 * (1 + set)));
    }
    return sets;
  }
  std::unique_ptr<GruSystem> Make() const { return *GetParam().make(hw::Timing()); }
};

std::vector<Placement> OfEachMapping() {
  std::vector<Placement> some;
  std::set<std::pair<int, int>> seen;
  for (const Placement& placement : BuiltPlacements()) {
    if (seen.insert({placement.mapping, static_cast<int>(placement.shape.cell)}).second) some.push_back(placement);
  }
  some.push_back(BuiltPlacements().back());  // 128 units: its layout splits columns
  return some;
}
INSTANTIATE_TEST_SUITE_P(Built, ParametersTest, testing::ValuesIn(OfEachMapping()));

TEST_P(ParametersTest, AreAllThatTheGraphHasOnceAndWhole) {
  const auto system = Make();
  std::map<std::string, int> words;
  for (const auto& edge : system->nodes().edges) {
    if (edge->kind == PortKind::kParameter) words[edge->from->name] = edge->to->ins[edge->in].words;
  }
  for (const GruSystem::Parameter& parameter : system->Parameters(Sets(1))) {
    static const std::regex name("gru\\.[a-z_]+\\[[0-9]+\\]");
    EXPECT_TRUE(std::regex_match(parameter.port, name)) << parameter.port;
    EXPECT_EQ(words.count(parameter.port), 1u) << parameter.port;
    EXPECT_EQ(static_cast<int>(parameter.words.size()), words[parameter.port]) << parameter.port;
    words.erase(parameter.port);
  }
  EXPECT_TRUE(words.empty()) << words.begin()->first;
}

TEST_P(ParametersTest, HoldAsManySetsAsThePlacementSays) {
  const auto system = Make();
  const auto words = [&](int sets) {
    std::vector<std::vector<uint32_t>> all;
    for (const GruSystem::Parameter& parameter : system->Parameters(Sets(sets))) all.push_back(parameter.words);
    return all;
  };
  const int sets = GetParam().weight_sets;
  EXPECT_EQ(words(sets + 1), words(sets));
  EXPECT_NE(words(sets - 1), words(sets));
}

TEST_P(ParametersTest, OnlyTheTablesOfTheAieMappingAreWrittenOnce) {
  for (const GruSystem::Parameter& parameter : Make()->Parameters(Sets(1))) {
    EXPECT_EQ(parameter.once, parameter.port.substr(0, 10) == "gru.tables") << parameter.port;
  }
}

TEST_P(ParametersTest, WrittenByNameAreWhatSetWeightsWrites) {
  const auto by_name = Make(), at_once = Make();
  for (const GruSystem::Parameter& parameter : by_name->Parameters(Sets(2))) {
    EXPECT_TRUE(by_name->UpdateParameter(parameter.port, parameter.words.data(), 4 * parameter.words.size()));
  }
  at_once->SetWeights(Sets(2));
  for (size_t node = 0; node < by_name->nodes().nodes.size(); ++node) {
    const auto& a = by_name->nodes().nodes[node]->parameters;
    const auto& b = at_once->nodes().nodes[node]->parameters;
    for (size_t i = 0; i < a.size(); ++i) {
      if (a[i] != nullptr) {
        EXPECT_TRUE(a[i]->given && a[i]->latest == b[i]->latest) << node << " " << i;
      }
    }
  }
}

}  // namespace
}  // namespace recurd::emu
