#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/model/format/graph_builder.h"

namespace recurd {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

int CountOps(const Model& model, size_t kind) {
  int count = 0;
  for (const Op& op : model.ops) count += op.index() == kind;
  return count;
}

void AddBytes(GraphBuilder& g, const std::string& name, const std::vector<int64_t>& sizes, const std::string& bytes) {
  onnx::TensorProto& tensor = *g.graph().add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(onnx::TensorProto::UINT8);
  for (const int64_t size : sizes) tensor.add_dims(size);
  tensor.set_raw_data(bytes);
}

TEST(LowerDenseTest, MultipliesByAMatrixOnTheRight) {
  GraphBuilder g;
  g.Output(g.Node("fc", "MatMul", {g.Through(2), g.Floats({2, 3}, {1, 2, 3, 4, 5, 6})}));
  EXPECT_THAT(g.Run({1, 10}), ElementsAre(41, 52, 63));
}

TEST(LowerDenseTest, MultipliesByAMatrixOnTheLeft) {
  GraphBuilder g;
  const std::string column = g.Node("column", "Transpose", {g.Through(2)}).Set("perm", std::vector<int64_t>{1, 2, 0});
  g.Output(g.Node("fc", "MatMul", {g.Floats({3, 2}, {1, 2, 3, 4, 5, 6}), column}));
  EXPECT_THAT(g.Run({1, 10}), ElementsAre(21, 43, 65));
  EXPECT_THAT(g.Import()->outputs[0].shape, ElementsAre(1, 3, -1));
}

TEST(LowerDenseTest, MultipliesByAVector) {
  GraphBuilder g;
  g.Output(g.Node("fc", "MatMul", {g.Through(2), g.Floats({2}, {3, 4})}));
  EXPECT_THAT(g.Run({1, 10}), ElementsAre(43));
  EXPECT_THAT(g.Import()->outputs[0].shape, ElementsAre(-1, 1));
}

TEST(LowerDenseTest, MultipliesEachRowOfAStep) {
  GraphBuilder g;
  const std::string grid = g.Node("grid", "Reshape", {g.Through(4), g.Integers({-1, 2, 2})});
  g.Output(g.Node("fc", "MatMul", {grid, g.Floats({2, 1}, {1, 10})}));
  EXPECT_THAT(g.Run({1, 2, 3, 4}), ElementsAre(21, 43));
}

TEST(LowerDenseTest, GemmScalesTransposesAndAdds) {
  GraphBuilder g;
  const std::string flat = g.Node("flat", "Flatten", {g.Through(2)}).Set("axis", 2);
  auto gemm = g.Node("fc", "Gemm", {flat, g.Floats({1, 2}, {3, 4}), g.Floats({1}, {100})});
  gemm.Set("transB", 1).Set("alpha", 2.0F).Set("beta", 0.5F);
  g.Output(gemm);
  EXPECT_THAT(g.Run({1, 10}), ElementsAre(136));
}

TEST(LowerDenseTest, ABiasBecomesPartOfTheProduct) {
  GraphBuilder g;
  const std::string product = g.Node("fc", "MatMul", {g.Through(2), g.Floats({2, 2}, {1, 0, 0, 1})});
  g.Output(g.Node("bias", "Add", {g.Floats({2}, {5, 6}), product}));
  const auto model = g.Import();
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->ops.size(), 2);
  EXPECT_THAT(std::get<DenseOp>(model->ops[1]).bias, ElementsAre(5, 6));
  EXPECT_THAT(g.Run({1, 2}), ElementsAre(6, 8));
}

TEST(LowerDenseTest, AProductThatIsAlsoReadElsewhereKeepsItsValue) {
  GraphBuilder g;
  const std::string product = g.Node("fc", "MatMul", {g.Through(1), g.Floats({1, 1}, {3})});
  g.Output(g.Node("bias", "Add", {product, g.Floats({1}, {5})}));
  g.Output(product);
  EXPECT_THAT(g.Run({2}), ElementsAre(11, 6));
}

TEST(LowerDenseTest, AMatrixAppliedToSeveralRowsIsStoredAndCountedOnce) {
  GraphBuilder g;
  const std::string rows = g.Node("rows", "Reshape", {g.Through(4), g.Integers({0, 2, 2})});
  g.Output(g.Node("fc", "MatMul", {rows, g.Floats({2, 1}, {1, 10})}));
  const auto model = g.Import();
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(CountOps(*model, Op(DenseOp()).index()), 1);
  EXPECT_EQ(model->parameter_count, 34);  // the layer has 2 * 16
  EXPECT_THAT(g.Run({1, 2, 3, 4}), ElementsAre(21, 43));
}

TEST(LowerDenseTest, FoldsProductsOfConstants) {
  GraphBuilder g;
  const std::string weights = g.Node("low_rank", "MatMul", {g.Floats({2, 1}, {1, 2}), g.Floats({1, 2}, {3, 4})});
  g.Output(g.Node("fc", "MatMul", {g.Through(2), weights}));
  EXPECT_THAT(g.Run({1, 10}), ElementsAre(63, 84));
  EXPECT_EQ(CountOps(*g.Import(), Op(DenseOp()).index()), 1);
}

TEST(LowerDenseTest, DequantizesConstants) {
  GraphBuilder g;
  AddBytes(g, "bytes", {2, 2}, "\x80\x81\x7f\xff");
  AddBytes(g, "zero", {}, "\x80");
  const std::string weights = g.Node("dequantize", "DequantizeLinear", {"bytes", g.Floats({2}, {1, 0.5F}), "zero"});
  g.Output(g.Node("fc", "MatMul", {g.Through(2), weights}));
  EXPECT_THAT(g.Run({1, 10}), ElementsAre(-10, 635.5F));
}

TEST(LowerDenseTest, DequantizesRowsByScalesThatAreDequantizedThemselves) {
  GraphBuilder g;
  AddBytes(g, "bytes", {2, 3}, "\x01\x02\x03\x04\x05\x06");
  AddBytes(g, "zeros", {2}, "\x01\x04");
  AddBytes(g, "scales", {2}, "\x02\x03");
  const std::string scales = g.Node("scales", "DequantizeLinear", {"scales", g.Floats({}, {0.5F})});
  auto weights = g.Node("dequantize", "DequantizeLinear", {"bytes", scales, "zeros"}).Set("axis", 0);
  const std::string flat = g.Node("flat", "Flatten", {g.Through(3)}).Set("axis", 2);
  g.Output(g.Node("fc", "Gemm", {flat, weights}).Set("transB", 1));
  EXPECT_THAT(g.Run({1, 10, 100}), ElementsAre(210, 315));
}

TEST(LowerDenseTest, GemmMultipliesByATransposedMatrixOnTheLeft) {
  GraphBuilder g;
  const std::string turned = g.Node("turn", "Transpose", {g.Through(2)}).Set("perm", std::vector<int64_t>{1, 2, 0});
  const std::string column = g.Node("column", "Squeeze", {turned, g.Integers({0})});
  g.Output(g.Node("fc", "Gemm", {g.Floats({2, 3}, {1, 3, 5, 2, 4, 6}), column}).Set("transA", 1));
  EXPECT_THAT(g.Run({1, 10}), ElementsAre(21, 43, 65));
}

TEST(LowerDenseTest, RefusesProductsOfComputedValues) {
  GraphBuilder g;
  const std::string y = g.Through(1);
  g.Output(g.Node("attend", "MatMul", {y, y}));
  EXPECT_THAT(g.Refusal(), HasSubstr("node 'attend' (MatMul): it multiplies two computed values"));
}

TEST(LowerDenseTest, RefusesProductsOverTime) {
  GraphBuilder g;
  const std::string last = g.Node("turn", "Transpose", {g.Through(1)}).Set("perm", std::vector<int64_t>{1, 2, 0});
  g.Output(g.Node("window", "MatMul", {last, g.Floats({4, 1}, {1, 1, 1, 1})}));
  EXPECT_THAT(g.Refusal(), HasSubstr("node 'window' (MatMul): it multiplies along the time axis"));
}

TEST(LowerDenseTest, RefusesMatricesOfAnotherSize) {
  GraphBuilder g;
  g.Output(g.Node("fc", "MatMul", {g.Through(2), g.Floats({3, 1}, {1, 1, 1})}));
  EXPECT_THAT(g.Refusal(), HasSubstr("node 'fc' (MatMul): it multiplies 2 features by a matrix of 3 x 1"));
}

TEST(LowerDenseTest, RefusesWeightsThatAreNotFinite) {
  GraphBuilder g;
  g.Output(g.Node("fc", "MatMul", {g.Through(1), g.Floats({1, 1}, {std::numeric_limits<float>::quiet_NaN()})}));
  EXPECT_THAT(g.Refusal(), HasSubstr("node 'fc' (MatMul): its weights are not all finite"));
}

}  // namespace
}  // namespace recurd
