#include "server/numeric/kernels.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/numeric/activation.h"
#include "server/numeric/activation_form.h"
#include "server/numeric/denormals.h"
#include "server/numeric/narrow.h"
#include "server/numeric/reference.h"
#include "tests/unit/fakes/random_layer.h"

namespace recurd {
namespace {

// NaNs are equal whatever their payload, which the profile leaves open.
testing::AssertionResult SameBits(const float* got, const float* want, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    if (std::isnan(got[i]) && std::isnan(want[i])) continue;
    if (std::memcmp(got + i, want + i, sizeof(float)) == 0) continue;
    return testing::AssertionFailure() << "at " << i << ": " << got[i] << " instead of " << want[i];
  }
  return testing::AssertionSuccess();
}

class KernelsTest : public testing::TestWithParam<const Kernels*> {
 protected:
  // Runs `steps` random steps of `layer` on both paths.
  void ExpectEqualSteps(const Cell& layer, int steps = 12) {
    PackedCell packed(layer, kernels_);
    RandomFloats random(3);
    std::vector<float> h(layer.hidden_size), c(layer.hidden_size);
    for (int step = 0; step < steps; ++step) {
      const std::vector<float> x = random.Vector(layer.input_size, 3);
      packed.Step(x.data());
      ReferenceStep(layer, x.data(), h.data(), c.data());
      ASSERT_TRUE(SameBits(packed.h.data(), h.data(), h.size()))
          << "I " << layer.input_size << " H " << layer.hidden_size << " step " << step;
      ASSERT_TRUE(SameBits(packed.c.data(), c.data(), packed.c.size() ? c.size() : 0));
    }
  }

  void ExpectEqualProduct(const std::vector<float>& row, const std::vector<float>& x, WeightStorage storage) {
    const auto cols = static_cast<int>(row.size());
    const PackedMatrix packed = Pack(row.data(), nullptr, 1, cols, 1, kernels_, storage);
    AlignedFloats got(packed.padded_rows(kernels_.lanes));
    float want;
    kernels_.dense(packed, x.data(), got.data());
    ReferenceDense(row.data(), nullptr, 1, cols, x.data(), &want, storage);
    EXPECT_TRUE(SameBits(got.data(), &want, 1)) << testing::PrintToString(row) << " " << testing::PrintToString(x);
  }

  const Kernels& kernels_ = *GetParam();
  const ScopedFlushToZero flush_;
};

TEST_P(KernelsTest, EveryCellGivesTheReferencesBits) {
  for (const auto& [input, hidden] : OddSizes()) {
    ExpectEqualSteps(RandomLayer(CellKind::kGru, false, input, hidden).cell);
    ExpectEqualSteps(RandomLayer(CellKind::kGru, true, input, hidden).cell);
    ExpectEqualSteps(RandomLayer(CellKind::kLstm, false, input, hidden).cell);
    ExpectEqualSteps(RandomLayer(CellKind::kRnn, false, input, hidden).cell);
  }
}

TEST_P(KernelsTest, EveryHiddenSizeUpTo40GivesTheReferencesBits) {
  for (int hidden = 1; hidden <= 40; ++hidden) {
    ExpectEqualSteps(RandomLayer(CellKind::kGru, hidden % 2 == 0, 7, hidden).cell, 3);
    ExpectEqualSteps(RandomLayer(CellKind::kLstm, false, 4, hidden).cell, 3);
  }
}

TEST_P(KernelsTest, ClipPeepholesAndCoupledGatesGiveTheReferencesBits) {
  RandomLayer layer(CellKind::kLstm, false, 6, 20);
  layer.cell.peepholes = layer.peepholes.data();
  ExpectEqualSteps(layer.cell);
  layer.cell.input_forget = true;
  ExpectEqualSteps(layer.cell);
  layer.cell.clip = 0.3f;
  ExpectEqualSteps(layer.cell);
  RandomLayer gru(CellKind::kGru, true, 6, 20);
  gru.cell.clip = 0.3f;
  ExpectEqualSteps(gru.cell);
  gru.cell.linear_before_reset = false;
  ExpectEqualSteps(gru.cell);
}

TEST_P(KernelsTest, AnyActivationGivesTheReferencesBits) {
  for (int kind = 0; kind <= static_cast<int>(UnaryKind::kSoftplus); ++kind) {
    RandomLayer layer(CellKind::kGru, kind % 2 == 0, 3, 21);
    layer.cell.f = {UnaryKind::kHardSigmoid, 0.2f, 0.5f};
    layer.cell.g = {static_cast<UnaryKind>(kind), 0.7f, 0.4f};
    ExpectEqualSteps(layer.cell);
  }
}

TEST_P(KernelsTest, EveryFormOfActivationGivesTheReferencesBits) {
  for (const NamedForm& named : ActivationForms()) {
    SCOPED_TRACE(named.name);
    for (const CellKind kind : {CellKind::kGru, CellKind::kLstm, CellKind::kRnn}) {
      for (const bool reset_after : {false, true}) {
        RandomLayer layer(kind, reset_after, 6, 21);
        layer.cell.form = named.form;
        ExpectEqualSteps(layer.cell);
        layer.cell.clip = 0.3f;
        ExpectEqualSteps(layer.cell);
      }
    }
    RandomLayer peeping(CellKind::kLstm, false, 6, 20);
    peeping.cell.peepholes = peeping.peepholes.data();
    peeping.cell.form = named.form;
    ExpectEqualSteps(peeping.cell);
  }
}

TEST_P(KernelsTest, UnaryGivesTheScalarFunctionsBits) {
  RandomFloats random(4);
  std::vector<float> in = random.Vector(1000, 100);
  for (int i = 0; i < 400; ++i) in[i] /= 30;
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (float x : {0.0f, -0.0f, 1e-37f, 1e-30f, 87.5f, -87.5f, 88.5f, -104.5f, kInfinity, -kInfinity, NAN})
    in.push_back(x);
  for (int kind = 0; kind <= static_cast<int>(UnaryKind::kErf); ++kind) {
    const Activation function{static_cast<UnaryKind>(kind), 0.7f, 0.4f};
    std::vector<float> got(in.size()), want(in.size());
    kernels_.unary(function, in.data(), got.data(), static_cast<int>(in.size()));
    for (size_t i = 0; i < in.size(); ++i) want[i] = Apply(function, in[i]);
    EXPECT_TRUE(SameBits(got.data(), want.data(), in.size())) << "kind " << kind;
  }
}

TEST_P(KernelsTest, DenseGivesTheReferencesBits) {
  RandomFloats random(5);
  for (int rows : {1, 2, 7, 16, 31, 100, 200, 300}) {
    for (int cols : {1, 2, 9, 64}) {
      const std::vector<float> matrix = random.Vector(rows * cols, 1), bias = random.Vector(rows, 1);
      const std::vector<float> x = random.Vector(cols, 2);
      for (const float* b : {bias.data(), static_cast<const float*>(nullptr)}) {
        const PackedMatrix packed = Pack(matrix.data(), b, rows, cols, 1, kernels_);
        AlignedFloats got(packed.padded_rows(kernels_.lanes));
        std::vector<float> want(rows);
        kernels_.dense(packed, x.data(), got.data());
        ReferenceDense(matrix.data(), b, rows, cols, x.data(), want.data());
        EXPECT_TRUE(SameBits(got.data(), want.data(), rows)) << rows << " x " << cols;
      }
    }
  }
}

TEST_P(KernelsTest, NarrowWeightsGiveTheReferencesBits) {
  for (const WeightStorage storage : {WeightStorage::kBf16, WeightStorage::kInt8}) {
    for (const auto& [input, hidden] : OddSizes()) {
      for (const CellKind kind : {CellKind::kGru, CellKind::kLstm, CellKind::kRnn}) {
        for (const bool reset_after : {false, true}) {
          RandomLayer layer(kind, reset_after, input, hidden);
          layer.cell.storage = storage;
          ExpectEqualSteps(layer.cell);
        }
      }
    }
  }
}

// A row or an x of zeros, of one huge value, of values that are all tiny, of the largest one.
TEST_P(KernelsTest, NarrowProductsOfExtremeValuesGiveTheReferencesBits) {
  constexpr float kMax = std::numeric_limits<float>::max();
  const std::vector<std::vector<float>> rows = {{0, 0, 0, 0, 0, 0},
                                                {1, -1, 1e30f, 0, 1, 2},
                                                {1e-31f, -1e-32f, 0, 1e-38f, 0, 0},
                                                {kMax, -kMax, kMax, kMax, 0, 1},
                                                {0.5f, 1.5f, 2.5f, -0.5f, -1.5f, 127}};
  for (const WeightStorage storage : {WeightStorage::kBf16, WeightStorage::kInt8}) {
    for (const std::vector<float>& row : rows) {
      for (std::vector<float> x : rows) {
        ExpectEqualProduct(row, x, storage);
        x[4] = NAN;
        ExpectEqualProduct(row, x, storage);
        x[4] = std::numeric_limits<float>::infinity();
        ExpectEqualProduct(row, x, storage);
      }
    }
  }
}

TEST_P(KernelsTest, ARowOfBytesMayHaveAsManyColumnsAsTheLimit) {
  RandomFloats random(8);
  ExpectEqualProduct(random.Vector(kMaxInt8Columns, 1), random.Vector(kMaxInt8Columns, 1), WeightStorage::kInt8);
}

TEST_P(KernelsTest, SeveralStepsAtOnceGiveTheBitsOfOneByOne) {
  RandomFloats random(6);
  for (const WeightStorage storage : {WeightStorage::kFp32, WeightStorage::kBf16, WeightStorage::kInt8}) {
    for (const auto& [rows, cols] : {std::pair(1, 1), std::pair(100, 7), std::pair(384, 64)}) {
      const std::vector<float> matrix = random.Vector(rows * cols, 1), bias = random.Vector(rows, 1);
      const PackedMatrix packed = Pack(matrix.data(), bias.data(), rows, cols, 1, kernels_, storage);
      const size_t padded = packed.padded_rows(kernels_.lanes), stride = cols + 3;
      for (int steps = 1; steps <= 14; ++steps) {
        const std::vector<float> x = random.Vector(stride * steps, 1);
        AlignedFloats got(padded * steps), want(padded);
        kernels_.dense_steps(packed, x.data(), stride, steps, got.data(), padded);
        for (int step = 0; step < steps; ++step) {
          kernels_.dense(packed, x.data() + step * stride, want.data());
          ASSERT_TRUE(SameBits(got.data() + step * padded, want.data(), rows)) << rows << " x " << cols;
        }
      }
    }
  }
}

TEST_P(KernelsTest, ACellTakesItsInputsAllAtOnceOrOneByOne) {
  for (const int hidden : {20, 70, 200}) {  // within the first-level cache, beyond it, far beyond
    const RandomLayer layer(CellKind::kLstm, false, 9, hidden);
    PackedCell together(layer.cell, kernels_), apart(layer.cell, kernels_);
    const std::vector<float> x = RandomFloats(7).Vector(9 * PackedCell::kMaxSteps, 1);
    together.TakeInputs(x.data(), 9, PackedCell::kMaxSteps);
    for (int step = 0; step < PackedCell::kMaxSteps; ++step) {
      together.Step();
      apart.Step(x.data() + step * 9);
      ASSERT_TRUE(SameBits(together.h.data(), apart.h.data(), hidden)) << hidden;
    }
  }
}

TEST_P(KernelsTest, PaddedRowsNeverReachARealOne) {
  const RandomLayer layer(CellKind::kGru, true, 3, 5);
  PackedCell clean(layer.cell, kernels_), dirty(layer.cell, kernels_);
  for (size_t i = 5; i < dirty.h.size(); ++i) dirty.h.data()[i] = NAN;
  const std::vector<float> x = {1, 2, 3};
  for (int step = 0; step < 3; ++step) {
    clean.Step(x.data());
    dirty.Step(x.data());
  }
  EXPECT_TRUE(SameBits(dirty.h.data(), clean.h.data(), 5));
}

TEST_P(KernelsTest, PanelsAreNearlyEqualAndNoneIsTooWide) {
  const int rows = (kernels_.panel_vectors + 1) * kernels_.lanes;
  const std::vector<float> matrix(rows);
  const PackedMatrix packed = Pack(matrix.data(), nullptr, rows, 1, 1, kernels_);
  ASSERT_EQ(packed.panels.size(), 2u);
  EXPECT_LE(packed.panels[1].vectors - packed.panels[0].vectors, 1);
  EXPECT_EQ(packed.panels[0].vectors + packed.panels[1].vectors, kernels_.panel_vectors + 1);
}

INSTANTIATE_TEST_SUITE_P(Targets, KernelsTest, testing::ValuesIn(RunnableKernels()),
                         [](const auto& info) { return std::string(info.param->target); });

TEST(RunnableKernelsTest, EndWithTheOneThatRunsAnywhere) {
  const Kernels& last = *RunnableKernels().back();
#if defined(__aarch64__)
  EXPECT_STREQ(last.target, "NEON");
#else
  EXPECT_STREQ(last.target, "SCALAR");
#endif
  EXPECT_EQ(&BestKernels(), RunnableKernels().front());
}

}  // namespace
}  // namespace recurd
