#include "hw/emu/plain_tables.h"

#include <algorithm>
#include <cmath>

#include "hw/config/contract.h"

namespace recurd {
namespace emu {
namespace {

std::vector<float> Table(double range, double (*function)(double)) {
  std::vector<float> table(hw::kLutWords);
  for (int i = 0; i < hw::kLutWords; ++i) {
    table[i] = static_cast<float>(function(-range + 2 * range * i / (hw::kLutWords - 1)));
  }
  return table;
}

double Sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }
double Tanh(double x) { return std::tanh(x); }

}  // namespace

std::vector<float> SigmoidTable() { return Table(hw::kSigmoidRange, Sigmoid); }
std::vector<float> TanhTable() { return Table(hw::kTanhRange, Tanh); }

int TableEntry(float value, float range) {
  constexpr float kLast = hw::kLutWords - 1;
  const float entry = std::fma(value, kLast / (2 * range), kLast / 2);
  return static_cast<int>(std::floor(std::min(std::max(0.0f, entry), kLast)));
}

}  // namespace emu
}  // namespace recurd
