#include "hw/emu/graph_lint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hw/aie/graphs/gru_cascade.h"
#include "hw/aie/graphs/gru_hybrid.h"

namespace recurd::emu {
namespace {

using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

void idle(output_stream<float>*) {}
void greedy(input_stream<float>*, input_stream<float>*, input_stream<float>*) {}
void talkative(output_stream<float>*, output_stream<float>*, output_stream<float>*) {}
void heavy(output_stream<float>*, const float (&)[4096]) {}
void copy(input_stream<float>*, output_stream<float>*) {}
void hand_on(input_cascade<accfloat>*, output_cascade<accfloat>*) {}
void tangled(input_cascade<accfloat>*, input_cascade<accfloat>*, output_cascade<accfloat>*, output_cascade<accfloat>*) {
}
void send(output_pktstream*) {}

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

adf::kernel Placed(adf::kernel kernel, int column, int row) {
  adf::location<adf::kernel>(kernel) = adf::tile{column, row};
  return kernel;
}

TEST(GraphLint, ASplitTakesAnArbiterToo) {
  Graph graph;
  adf::kernel k = Placed(adf::kernel::create(send), 4, 4);
  for (int i = 0; i < 4; ++i) {
    adf::pktmerge<2> merge = adf::pktmerge<2>::create();
    adf::pktsplit<2> split = adf::pktsplit<2>::create();
    adf::connect<adf::pktstream>(k.out[0], merge.in[0]);
    adf::connect<adf::pktstream>(k.out[0], split.in[0]);
  }
  EXPECT_THAT(LintGraph(graph.nodes()),
              ElementsAre("packet arbiters in the switch of tile (4,4): 8, but the limit is 6"));
}

TEST(GraphLint, WaysOfAMergeThatJoinOnTheirWayTakeAnArbiterThere) {
  Graph graph;
  for (int i = 0; i < 7; ++i) {
    adf::pktmerge<3> merge = adf::pktmerge<3>::create();
    for (int way = 0; way < 3; ++way) {
      adf::kernel k =
          way == 0 ? Placed(adf::kernel::create(send), 20 + i, 0) : Placed(adf::kernel::create(send), 10, 4);
      adf::connect<adf::pktstream>(k.out[0], merge.in[way]);
    }
  }
  // Four of the seven leave (10,4) to the south, the others to the east: streams alone would fit.
  EXPECT_THAT(LintGraph(graph.nodes()),
              Contains("packet arbiters in the switch of tile (10,4): 7, but the limit is 6"));
  EXPECT_THAT(LintGraph(graph.nodes()), Not(Contains(HasSubstr("streams"))));
}

TEST(GraphLint, CountsIdsOfMergesOfMerges) {
  Graph graph;
  adf::pktmerge<2> last = adf::pktmerge<2>::create();
  for (int half = 0; half < 2; ++half) {
    adf::pktmerge<17> merge = adf::pktmerge<17>::create();
    for (int way = 0; way < 17; ++way) {
      adf::kernel k = adf::kernel::create(send);
      adf::connect<adf::pktstream>(k.out[0], merge.in[way]);
    }
    adf::connect<adf::pktstream>(merge.out[0], last.in[half]);
  }
  EXPECT_THAT(LintGraph(graph.nodes()), ElementsAre("packet ids in merge@(-1,-1): 34, but the limit is 32"));
}

TEST(GraphLint, NotesAMergeOf32Ways) {
  Graph graph;
  adf::pktmerge<31>::create();
  EXPECT_THAT(GraphNotes(graph.nodes()), IsEmpty());
  adf::pktmerge<32>::create();
  EXPECT_THAT(LintGraph(graph.nodes()), IsEmpty());
  EXPECT_THAT(GraphNotes(graph.nodes()), ElementsAre(HasSubstr("merge@(-1,-1): 32; the author of arXiv 2511.15626")));
}

TEST(GraphLint, CountsCascadesOfATile) {
  Graph graph;
  adf::kernel::create(tangled);
  EXPECT_THAT(LintGraph(graph.nodes()), ElementsAre("cascades into kernel@(-1,-1): 2, but the limit is 1",
                                                    "cascades out of kernel@(-1,-1): 2, but the limit is 1"));
}

std::vector<std::string> CascadeFrom(hw::Place from, hw::Place to) {
  Graph graph;
  adf::kernel a = Placed(adf::kernel::create(hand_on), from.column, from.row);
  adf::kernel b = Placed(adf::kernel::create(hand_on), to.column, to.row);
  adf::connect<adf::cascade>(a.out[0], b.in[0]);
  return LintGraph(graph.nodes());
}

TEST(GraphLint, CascadesReachTheNextTileOfTheirRowsDirection) {
  EXPECT_THAT(CascadeFrom({3, 0}, {4, 0}), IsEmpty());
  EXPECT_THAT(CascadeFrom({4, 1}, {3, 1}), IsEmpty());
  EXPECT_THAT(CascadeFrom({49, 0}, {49, 1}), IsEmpty());
  EXPECT_THAT(CascadeFrom({0, 1}, {0, 2}), IsEmpty());
  EXPECT_THAT(CascadeFrom({3, 0}, {5, 0}),
              ElementsAre("cascade of kernel@(3,0) to tile (5,0), but the limit is the next, (4,0)"));
  EXPECT_THAT(CascadeFrom({3, 1}, {4, 1}), ElementsAre(HasSubstr("the limit is the next, (2,1)")));
  EXPECT_THAT(CascadeFrom({3, 0}, {3, 1}), ElementsAre(HasSubstr("the limit is the next, (4,0)")));
  EXPECT_THAT(CascadeFrom({0, 7}, {0, 6}), ElementsAre(HasSubstr("the limit is the next, (0,8)")));
}

TEST(GraphLint, CountsProgramMemoryAsEstimated) {
  Graph graph;
  adf::kernel k = adf::kernel::create(idle);
  adf::source(k) = "idle.cc";
  const int most = hw::kTileProgramBytes - kMainProgramBytes;
  EXPECT_THAT(LintGraph(graph.nodes(), {{"idle.cc", most, hw::Certainty::kAssumed}}), IsEmpty());
  EXPECT_THAT(LintGraph(graph.nodes(), {{"idle.cc", most + 16, hw::Certainty::kAssumed}}),
              ElementsAre("bytes of program memory of idle.cc@(-1,-1): 16400, but the limit is 16384"));
  EXPECT_THAT(LintGraph(graph.nodes()), ElementsAre(HasSubstr("idle.cc@(-1,-1): unknown, but the limit is 16384")));
}

// `count` streams between a tile and the one above it.
std::vector<std::string> StreamsBetween(int count, bool upwards) {
  Graph graph;
  for (int i = 0; i < count; ++i) {
    adf::kernel from = adf::kernel::create(copy), to = adf::kernel::create(copy);
    adf::connect<adf::stream>((upwards ? from : to).out[0], (upwards ? to : from).in[0]);
    Placed(from, 0, 6), Placed(to, 0, 7);
  }
  return LintGraph(graph.nodes());
}

TEST(GraphLint, CountsStreamsBetweenSwitches) {
  EXPECT_THAT(StreamsBetween(6, true), Each(HasSubstr("kernels in tile")));
  EXPECT_THAT(StreamsBetween(4, false), Each(HasSubstr("kernels in tile")));
  EXPECT_THAT(StreamsBetween(7, true),
              Contains("streams out of the switch of tile (0,6) to the north: 7, but the limit is 6"));
  EXPECT_THAT(StreamsBetween(5, false),
              Contains("streams out of the switch of tile (0,7) to the south: 5, but the limit is 4"));
}

TEST(GraphLint, CountsStreamsThatOnlyPassASwitch) {
  Graph graph;
  // From the left end of the array to its right end, past everything: there are nine rows, four streams each.
  for (int i = 0; i < 45; ++i) {
    adf::kernel from = Placed(adf::kernel::create(copy), i % 2, i % hw::kRows);
    adf::kernel to = Placed(adf::kernel::create(copy), 49 - i % 2, i % hw::kRows);
    adf::connect<adf::stream>(from.out[0], to.in[0]);
  }
  EXPECT_THAT(LintGraph(graph.nodes()), Contains(HasSubstr("streams out of the switch of tile (25,0) to the east: ")));
}

TEST(GraphLint, AStreamToManyTilesCountsOnceASwitch) {
  Graph graph;
  adf::kernel from = Placed(adf::kernel::create(copy), 0, 0);
  for (int column = 1; column < hw::kColumns; ++column) {
    adf::kernel to = Placed(adf::kernel::create(copy), column, column % hw::kRows);
    adf::connect<adf::stream>(from.out[0], to.in[0]);
  }
  EXPECT_THAT(LintGraph(graph.nodes()), IsEmpty());
}

TEST(GraphLint, TheCascadeMappingFitsUpTo232UnitsWithTwoWeightSets) {
  EXPECT_THAT(LintGraph(hw::GruCascade<hw::GruConfig<232, 392, hw::Reset::kBefore>>().nodes()), IsEmpty());
  EXPECT_THAT(LintGraph(hw::GruCascade<hw::GruConfig<232, 392, hw::Reset::kAfter>>().nodes()), IsEmpty());
  EXPECT_THAT(LintGraph(hw::GruCascade<hw::GruConfig<240, 8, hw::Reset::kBefore>>().nodes()),
              Contains("bytes of data memory of column_block.cc@(9,0): 33744, but the limit is 32768"));
  EXPECT_THAT(LintGraph(hw::GruCascade<hw::GruConfig<128, 8, hw::Reset::kBefore, 4>>().nodes()),
              Contains(HasSubstr("bytes of data memory of column_block.cc")));
}

TEST(GraphLint, AChainOfTheCascadeMappingFillsOneRowAtMost) {
  EXPECT_THAT(LintGraph(hw::GruCascade<hw::GruConfig<8, 400, hw::Reset::kBefore>>().nodes()),
              Contains("column of column_block.cc@(50,1): 50, but the limit is 49"));
}

}  // namespace
}  // namespace recurd::emu
