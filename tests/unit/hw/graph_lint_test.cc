#include "hw/emu/graph_lint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hw/aie/graphs/gru_hybrid.h"

namespace recurd::emu {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

void idle(output_stream<float>*) {}
void greedy(input_stream<float>*, input_stream<float>*, input_stream<float>*) {}
void talkative(output_stream<float>*, output_stream<float>*, output_stream<float>*) {}
void heavy(output_stream<float>*, const float (&)[4096]) {}

// A graph with `kernels` idle kernels side by side, and whatever a test adds.
struct Graph : adf::graph {
  explicit Graph(int kernels = 0) {
    for (int i = 0; i < kernels; ++i) {
      adf::kernel k = adf::kernel::create(idle);
      adf::location<adf::kernel>(k) = adf::tile{i / hw::kRows, i % hw::kRows};
    }
  }
  void AddIn(int column) {
    adf::input_plio plio = adf::input_plio::create("in", adf::plio_128_bits);
    adf::location<adf::PLIO>(plio) = adf::shim{column};
  }
  void AddOut(int column) {
    adf::output_plio plio = adf::output_plio::create("out", adf::plio_128_bits);
    adf::location<adf::PLIO>(plio) = adf::shim{column};
  }
};

TEST(GraphLint, TheHybridMappingFitsUpTo32Units) {
  EXPECT_THAT(LintGraph(hw::GruHybrid<hw::GruConfig<8, 1, hw::Reset::kBefore>>().nodes()), IsEmpty());
  EXPECT_THAT(LintGraph(hw::GruHybrid<hw::GruConfig<32, 256, hw::Reset::kBefore>>().nodes()), IsEmpty());
  EXPECT_THAT(LintGraph(hw::GruHybrid<hw::GruConfig<32, 256, hw::Reset::kAfter>>().nodes()), IsEmpty());
}

TEST(GraphLint, WeightSetsThatFillATileAreCountedTwice) {
  using Config = hw::GruConfig<8, 512, hw::Reset::kBefore, 8>;  // 8 sets of 2 KB, ping and pong, stack and heap
  EXPECT_THAT(LintGraph(hw::GruHybrid<Config>().nodes()),
              Contains(HasSubstr("bytes of data memory of dot_row.cc@(6,0): 34816, but the limit is 32768")));
}

TEST(GraphLint, CountsTiles) {
  EXPECT_THAT(LintGraph(Graph(400).nodes()), IsEmpty());
  EXPECT_THAT(LintGraph(Graph(401).nodes()), Contains("tiles: 401, but the limit is 400"));
}

TEST(GraphLint, KnowsTheEdgesOfTheArray) {
  Graph graph;
  adf::kernel k = adf::kernel::create(idle);
  adf::location<adf::kernel>(k) = adf::tile{50, 8};
  EXPECT_THAT(LintGraph(graph.nodes()), ElementsAre("column of kernel@(50,8): 50, but the limit is 49",
                                                    "row of kernel@(50,8): 8, but the limit is 7"));
}

TEST(GraphLint, CountsKernelsInATile) {
  Graph graph(1);
  adf::kernel k = adf::kernel::create(idle);
  adf::location<adf::kernel>(k) = adf::tile{0, 0};
  EXPECT_THAT(LintGraph(graph.nodes()), ElementsAre("kernels in tile (0,0): 2, but the limit is 1"));
}

TEST(GraphLint, CountsStreamsOfATile) {
  Graph graph;
  adf::kernel::create(greedy);
  adf::kernel::create(talkative);
  EXPECT_THAT(LintGraph(graph.nodes()), ElementsAre("streams into kernel@(-1,-1): 3, but the limit is 2",
                                                    "streams out of kernel@(-1,-1): 3, but the limit is 2"));
}

TEST(GraphLint, CountsParametersTwiceAndStackAndHeap) {
  Graph graph;
  adf::kernel::create(heavy);
  EXPECT_THAT(LintGraph(graph.nodes()),
              ElementsAre("bytes of data memory of kernel@(-1,-1): 34816, but the limit is 32768"));
}

TEST(GraphLint, CountsTheStackThatAKernelAsksFor) {
  Graph graph(1);
  adf::kernel k = adf::kernel::create(idle);
  adf::stack_size(k) = 32000;
  EXPECT_THAT(LintGraph(graph.nodes()), ElementsAre(HasSubstr("33024, but the limit is 32768")));
}

TEST(GraphLint, CountsPliosOfAColumnEachWay) {
  Graph graph;
  for (int i = 0; i < 5; ++i) graph.AddIn(10);
  for (int i = 0; i < 4; ++i) graph.AddOut(11);
  EXPECT_THAT(LintGraph(graph.nodes()), ElementsAre("PLIOs from the PL in column 10: 5, but the limit is 4",
                                                    "PLIOs to the PL in column 11: 4, but the limit is 3"));
}

TEST(GraphLint, KnowsWhichColumnsReachThePl) {
  Graph graph;
  graph.AddIn(5);
  graph.AddOut(45);
  EXPECT_THAT(LintGraph(graph.nodes()),
              ElementsAre("PLIO in stands in column 5, but only columns 6 to 44 reach the PL",
                          "PLIO out stands in column 45, but only columns 6 to 44 reach the PL"));
}

TEST(GraphLint, CountsInterfaceTiles) {
  Graph graph;
  for (int column = 5; column < 45; ++column) graph.AddIn(column);
  EXPECT_THAT(LintGraph(graph.nodes()), Contains("interface tiles: 40, but the limit is 39"));
}

TEST(GraphLint, CountsWaysOfAMerge) {
  Graph graph;
  adf::pktmerge<33>::create();
  EXPECT_THAT(LintGraph(graph.nodes()), ElementsAre("ways of a packet merge@(-1,-1): 33, but the limit is 32"));
}

TEST(GraphLint, CountsArbitersOfASwitch) {
  Graph graph(1);
  adf::kernel k = adf::kernel::create(idle);
  adf::location<adf::kernel>(k) = adf::tile{4, 4};
  for (int i = 0; i < 7; ++i) {
    adf::pktmerge<2> merge = adf::pktmerge<2>::create();
    adf::connect<adf::pktstream>(k.out[0], merge.in[0]);
  }
  EXPECT_THAT(LintGraph(graph.nodes()),
              ElementsAre("packet arbiters in the switch of tile (4,4): 7, but the limit is 6"));
}

}  // namespace
}  // namespace recurd::emu
