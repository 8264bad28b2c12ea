#include "server/model/format/batch_axes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/model/format/graph_builder.h"

namespace recurd::format {
namespace {

// A layer over x [T,batch,1] with the initial state h0 [1,batch,1]; y [T,1,batch,1] as `output` declares it.
Model Imported(int64_t batch, const std::vector<int64_t>& output) {
  GraphBuilder g;
  const std::string one = g.Floats({1, 1, 1}, {1});
  auto layer = g.Node("layer", "RNN", {g.Input("x", {-1, batch, 1}), one, one, "", "", g.Input("h0", {1, batch, 1})});
  layer.Set("hidden_size", 1);
  g.Output(layer);
  auto* const shape = g.graph().mutable_output(0)->mutable_type()->mutable_tensor_type()->mutable_shape();
  for (const int64_t size : output) {
    auto* const dim = shape->add_dim();
    if (size >= 0) dim->set_dim_value(size);
  }
  absl::StatusOr<Model> model = g.Import();
  EXPECT_TRUE(model.ok()) << model.status();
  return *std::move(model);
}

TEST(BatchAxesTest, AreTheDynamicOnesThatArentTime) {
  const Model model = Imported(-1, {-1, 1, -1, 1});
  EXPECT_EQ(model.inputs[0].batch_axis, 1);
  EXPECT_EQ(model.state_inputs[0].batch_axis, 1);
  EXPECT_EQ(model.outputs[0].batch_axis, 2);
}

TEST(BatchAxesTest, AreNotThoseThatTheFileFixes) {
  const Model model = Imported(1, {-1, 1, 1, 1});
  EXPECT_EQ(model.inputs[0].batch_axis, -1);
  EXPECT_EQ(model.state_inputs[0].batch_axis, -1);
  EXPECT_EQ(model.outputs[0].batch_axis, -1);
}

TEST(BatchAxesTest, AreNotKnownWhereSeveralAreDynamicOrNoneIsDeclared) {
  EXPECT_EQ(Imported(-1, {-1, -1, -1, 1}).outputs[0].batch_axis, -1);
  EXPECT_EQ(Imported(-1, {}).outputs[0].batch_axis, -1);
  EXPECT_EQ(Imported(-1, {-1, -1}).outputs[0].batch_axis, -1);
}

}  // namespace
}  // namespace recurd::format
