#include "server/numeric/reference.h"

#include <cmath>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/numeric/denormals.h"
#include "tests/unit/fakes/random_layer.h"

namespace recurd {
namespace {

double Sigma(double x) { return 1 / (1 + std::exp(-x)); }

// Equations and gate order: ONNX operators GRU, LSTM and RNN. One unit, one input: every product is one term.
struct Unit {
  explicit Unit(CellKind kind, bool linear_before_reset = false) : layer(kind, linear_before_reset, 1, 1, 5) {}
  double Pre(int gate, double h) const {
    return layer.input_weights[gate] * kX + layer.recurrent_weights[gate] * h + layer.input_bias[gate] +
           layer.recurrent_bias[gate];
  }
  static constexpr double kX = 0.7;
  RandomLayer layer;
};

TEST(ReferenceTest, GruResetsBeforeTheMatrix) {
  const Unit unit(CellKind::kGru);
  double x = Unit::kX, h = 0.3;
  const double z = Sigma(unit.Pre(0, h)), r = Sigma(unit.Pre(1, h)), n = std::tanh(unit.Pre(2, r * h));
  const double want = (1 - z) * n + z * h;
  ReferenceStep<double>(unit.layer.cell, &x, &h, nullptr);
  EXPECT_NEAR(h, want, 1e-15);
}

TEST(ReferenceTest, GruResetsAfterTheMatrix) {
  const Unit unit(CellKind::kGru, true);
  const RandomLayer& l = unit.layer;
  double x = Unit::kX, h = 0.3;
  const double z = Sigma(unit.Pre(0, h)), r = Sigma(unit.Pre(1, h));
  const double n =
      std::tanh(l.input_weights[2] * x + l.input_bias[2] + r * (l.recurrent_weights[2] * h + l.recurrent_bias[2]));
  const double want = (1 - z) * n + z * h;
  ReferenceStep<double>(l.cell, &x, &h, nullptr);
  EXPECT_NEAR(h, want, 1e-15);
}

TEST(ReferenceTest, LstmSeesItsCellThroughPeepholes) {
  Unit unit(CellKind::kLstm);
  unit.layer.cell.peepholes = unit.layer.peepholes.data();
  const std::vector<float>& p = unit.layer.peepholes;
  double x = Unit::kX, h = 0.3, c = -0.6;
  const double i = Sigma(unit.Pre(0, h) + p[0] * c), f = Sigma(unit.Pre(2, h) + p[2] * c);
  const double next = f * c + i * std::tanh(unit.Pre(3, h));
  const double o = Sigma(unit.Pre(1, h) + p[1] * next);
  ReferenceStep<double>(unit.layer.cell, &x, &h, &c);
  EXPECT_NEAR(c, next, 1e-15);
  EXPECT_NEAR(h, o * std::tanh(next), 1e-15);
}

TEST(ReferenceTest, LstmForgetsWhatItTakesInWhenGatesAreCoupled) {
  Unit unit(CellKind::kLstm);
  unit.layer.cell.input_forget = true;
  double x = Unit::kX, h = 0.3, c = -0.6;
  const double i = Sigma(unit.Pre(0, h)), want = (1 - i) * c + i * std::tanh(unit.Pre(3, h));
  ReferenceStep<double>(unit.layer.cell, &x, &h, &c);
  EXPECT_NEAR(c, want, 1e-15);
}

TEST(ReferenceTest, RnnClipsItsPreActivation) {
  Unit unit(CellKind::kRnn);
  unit.layer.cell.clip = 0.01f;
  double x = 100, h = 0;
  ReferenceStep<double>(unit.layer.cell, &x, &h, nullptr);
  EXPECT_NEAR(std::fabs(h), std::tanh(0.01), 1e-9);
}

TEST(ReferenceTest, DenseSumsEvenAndOddColumnsApart) {
  const std::vector<float> row = {1e8f, 1, -1e8f, 1}, ones = {1, 1, 1, 1};
  float out = 0;
  ReferenceDense<float>(row.data(), nullptr, 1, 4, ones.data(), &out);
  EXPECT_EQ(out, 2);
}

TEST(ReferenceTest, DenseFusesItsMultiplyAdd) {
  const float a = 1 + 0x1p-12f, one_off = -(1 + 0x1p-11f);  // a * a = 1 + 2^-11 + 2^-24: the last term needs the fusion
  const std::vector<float> row = {one_off, 0, a}, x = {1, 0, a};
  float out = 0;
  ReferenceDense<float>(row.data(), nullptr, 1, 3, x.data(), &out);
  EXPECT_EQ(out, 0x1p-24f);
}

// |float - double| <= 1e-6 after 100 steps of bounded inputs and weights of usual size.
TEST(ReferenceTest, FloatStaysWithinAMillionthOfDouble) {
  const ScopedFlushToZero flush;
  for (const auto& [kind, after] :
       {std::pair{CellKind::kGru, false}, {CellKind::kGru, true}, {CellKind::kLstm, false}, {CellKind::kRnn, false}}) {
    for (const auto& [input, hidden] : OddSizes()) {
      const RandomLayer layer(kind, after, input, hidden);
      RandomFloats random(9);
      std::vector<float> h(hidden), c(hidden);
      std::vector<double> exact_h(hidden), exact_c(hidden);
      for (int step = 0; step < 100; ++step) {
        const std::vector<float> x = random.Vector(input, 1);
        const std::vector<double> exact_x(x.begin(), x.end());
        ReferenceStep(layer.cell, x.data(), h.data(), c.data());
        ReferenceStep(layer.cell, exact_x.data(), exact_h.data(), exact_c.data());
        for (int j = 0; j < hidden; ++j) ASSERT_NEAR(h[j], exact_h[j], 1e-6) << "hidden " << hidden << " step " << step;
      }
    }
  }
}

}  // namespace
}  // namespace recurd
