// Reports and pictures of graphs made here: served ones, whole sequences, refused and hostile ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "client/recurctl/inspect/picture.h"
#include "client/recurctl/inspect/report.h"
#include "client/recurctl/svg_text.h"
#include "tests/unit/model/format/graph_builder.h"

namespace recurd {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::unique_ptr<InspectReport> ReportOf(GraphBuilder& graph) {
  ModelFile file{.path = "m.onnx", .bytes = graph.model().SerializeAsString(), .name = "m", .version = "1"};
  return *Inspect(file);
}

// x [T,1,3] -> gru, 2 units -> squeeze [T,1,2]; of two directions without the squeeze.
std::string Gru(GraphBuilder& graph, const char* direction = "forward") {
  const bool is_both = std::string(direction) == "bidirectional";
  const int count = is_both ? 2 : 1;
  const std::string w = graph.Floats({count, 6, 3}, std::vector<float>(18 * count, 0.25F));
  const std::string r = graph.Floats({count, 6, 2}, std::vector<float>(12 * count, 0.25F));
  auto gru = graph.Node("gru", "GRU", {graph.Input("x", {-1, 1, 3}), w, r}, 2);
  gru.Set("hidden_size", 2).Set("direction", direction);
  return is_both ? std::string(gru) : std::string(graph.Node("squeeze", "Squeeze", {gru, graph.Integers({1})}));
}

const NodeReport& Find(const InspectReport& report, const std::string& name) {
  for (const NodeReport& node : report.nodes) {
    if (node.node->name == name) return node;
  }
  ADD_FAILURE() << "no node " << name;
  return report.nodes[0];
}

TEST(InspectTest, ShowsShapesWeightsAndWorkOfEachNode) {
  GraphBuilder graph;
  const std::string weights = graph.Floats({2, 4}, std::vector<float>(8, 0.5F));
  graph.Output(graph.Node("head", "MatMul", {Gru(graph), weights}));
  const auto report = ReportOf(graph);
  ASSERT_TRUE(report->is_served()) << report->error;
  const NodeReport& gru = Find(*report, "gru");
  EXPECT_THAT(gru.in_shapes, ElementsAre("[T,1,3]"));
  EXPECT_THAT(gru.out_shapes, ElementsAre("[T,1,1,2]"));  // nobody uses Y_h
  EXPECT_EQ(gru.macs, 6 * 3 + 6 * 2);
  EXPECT_EQ(gru.parameters, 6 * 3 + 6 * 2);
  EXPECT_THAT(gru.node->activations, ElementsAre("Sigmoid", "Tanh"));
  EXPECT_EQ(Find(*report, "head").macs, 8);
  EXPECT_EQ(report->totals.macs, 38);
  EXPECT_EQ(report->totals.state_bytes, 8);
}

TEST(InspectTest, CallsFoldedWhatOnlyConstantsGoInto) {
  GraphBuilder graph;
  const std::string sum = graph.Node("sum", "Add", {graph.Floats({2}, {1, 2}), graph.Floats({2}, {3, 4})});
  graph.Output(graph.Node("shift", "Add", {Gru(graph), sum}));
  const auto report = ReportOf(graph);
  EXPECT_EQ(Find(*report, "sum").fate, NodeFate::kFolded);
  EXPECT_EQ(Find(*report, "shift").fate, NodeFate::kServed);
  EXPECT_THAT(InspectText(*report), HasSubstr("Nodes in order: 3; 1 constant ones are folded at load"));
  const std::string svg = *InspectSvg(*report);
  EXPECT_THAT(svg, AllOf(HasSubstr("Add shift"), Not(HasSubstr("Add sum")), HasSubstr("1 constant node folded")));
}

TEST(InspectTest, SaysWhetherTheModelStreamsAndWhatStateItKeeps) {
  GraphBuilder graph;
  graph.Output(Gru(graph));
  const std::string text = InspectText(*ReportOf(graph));
  EXPECT_THAT(text, HasSubstr("\n  streams      yes\n"));
  EXPECT_THAT(text, HasSubstr("\n  input        x [T,1,3]: floats 0 to 2 of a row\n"));
  EXPECT_THAT(text, HasSubstr("\n  state        gru.h: 2 floats; starts from zeros\n"));
}

TEST(InspectTest, ShowsThePassesOfAModelOfWholeSequences) {
  GraphBuilder graph;
  graph.Output(Gru(graph, "bidirectional"));
  const auto report = ReportOf(graph);
  ASSERT_TRUE(report->is_served()) << report->error;
  const std::string text = InspectText(*report);
  EXPECT_THAT(text, HasSubstr("streams      no: node 'gru' (GRU)"));
  EXPECT_THAT(text, HasSubstr("; whole sequences with Infer\n  pass         1, forward: gru;"));
  EXPECT_THAT(text, HasSubstr("pass         2, backward: gru.reverse;"));
  EXPECT_EQ(report->totals.macs, 2 * (6 * 3 + 6 * 2));
  EXPECT_EQ(LayersOf(*report->model).size(), 2U);
  EXPECT_THAT(InspectJson(*report), HasSubstr("\"direction\":\"backward\",\"layers\":[\"gru.reverse\"]"));
  EXPECT_THAT(*InspectSvg(*report), HasSubstr("pass 1 forward, pass 2 backward"));
}

TEST(InspectTest, ListsEveryNodeWhoseOperatorIsNotServedNotOnlyTheFirst) {
  GraphBuilder graph;
  const std::string odd = graph.Node("first", "Einsum", {Gru(graph)}).Set("equation", "a");
  graph.Output(graph.Node("second", "Conv", {graph.Node("after", "Relu", {odd})}));
  const auto report = ReportOf(graph);
  EXPECT_THAT(report->error, HasSubstr("m.onnx: node 'first' (Einsum): the operator is not supported"));
  EXPECT_EQ(Find(*report, "gru").fate, NodeFate::kServed);
  EXPECT_EQ(Find(*report, "first").fate, NodeFate::kRefused);
  EXPECT_EQ(Find(*report, "after").fate, NodeFate::kUnknown);
  EXPECT_EQ(Find(*report, "second").fate, NodeFate::kUnsupported);
  EXPECT_THAT(InspectText(*report), HasSubstr("not served   Conv (1 node), Einsum (1 node)"));
}

TEST(InspectTest, PutsTheReasonWhereTheRefusedNodeIs) {
  GraphBuilder graph;
  graph.Output(graph.Node("odd", "Relu", {Gru(graph)}).Set("gamma", 1));
  const auto report = ReportOf(graph);
  EXPECT_EQ(Find(*report, "odd").reason, "attribute 'gamma' is not supported");
  EXPECT_THAT(InspectText(*report), HasSubstr("REFUSED: attribute 'gamma' is not supported"));
  EXPECT_THAT(*InspectSvg(*report), HasSubstr("attribute &#39;gamma&#39; is not supported"));
}

TEST(InspectTest, ShowsTheNodesOfAFileThatImportRefusesBeforeItsNodes) {
  GraphBuilder graph(3);
  graph.Output(Gru(graph));
  const auto report = ReportOf(graph);
  EXPECT_THAT(report->error, HasSubstr("opset 3"));
  EXPECT_THAT(InspectText(*report), AllOf(HasSubstr("\n  input        x [dynamic,1,3] FLOAT"), HasSubstr("GRU ")));
  EXPECT_THAT(InspectJson(*report), HasSubstr("\"fate\":\"unknown\""));
}

TEST(InspectTest, ShortensAndEscapesHostileNames) {
  GraphBuilder graph;
  const std::string name = "<script>&\"\x01\xff" + std::string(10000, 'x');
  graph.Output(graph.Node("y", "Relu", {Gru(graph)}));
  graph.graph().mutable_node(0)->set_name(name);
  const auto report = ReportOf(graph);
  const std::string svg = *InspectSvg(*report);
  EXPECT_THAT(svg, AllOf(Not(HasSubstr("<script")), Not(HasSubstr("\x01")), Not(HasSubstr("\xff"))));
  EXPECT_LT(svg.size(), 20000U);
  EXPECT_LT(InspectText(*report).size(), 5000U);
  EXPECT_EQ(SvgText("<&>'\"\x01\xc3"), "&#60;&#38;&#62;&#39;&#34;??");
}

TEST(InspectTest, RefusesAPictureOfMoreNodesThanOneCanLookAt) {
  GraphBuilder graph;
  std::string value = Gru(graph);
  for (int i = 0; i < kMaxDrawnNodes; ++i) value = graph.Node("n" + std::to_string(i), "Relu", {value});
  graph.Output(value);
  EXPECT_EQ(std::string(InspectSvg(*ReportOf(graph)).status().message()),
            "--svg: the graph has 2004 nodes to draw; the limit is 2000; leave --svg out, or look at --json");
}

TEST(InspectTest, DrawsEachNodeOnceAndDashesWhatCountsAfterTheLastStep) {
  GraphBuilder graph;
  const std::string y = Gru(graph);
  graph.Output(graph.Node("last", "Gather", {y, graph.Integers({-1})}).Set("axis", 0));
  const std::string svg = *InspectSvg(*ReportOf(graph));
  EXPECT_THAT(svg, AllOf(HasSubstr("GRU gru"), HasSubstr("counts after the last step only")));
  size_t boxes = 0;
  for (size_t at = svg.find("class=\"node\""); at != std::string::npos; at = svg.find("class=\"node\"", at + 1))
    ++boxes;
  EXPECT_EQ(boxes, 5U);  // x, gru, squeeze, last, and the output
}

TEST(InspectTest, KnowsNothingOfAFileThatIsNoModel) {
  const ModelFile file{.path = "m.onnx", .bytes = "no model", .name = "m", .version = "1"};
  EXPECT_THAT(std::string(Inspect(file).status().message()), HasSubstr("m.onnx: the file (8 bytes) is no ONNX model"));
}

TEST(InspectTest, LeavesTheMiddleOutOfLongText) {
  EXPECT_EQ(Shortened("abcdefghij", 10), "abcdefghij");
  EXPECT_EQ(Shortened("abcdefghijk", 9), "abc...ijk");
}

}  // namespace
}  // namespace recurd
