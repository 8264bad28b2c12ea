#include "server/numeric/activation_form.h"

#include <algorithm>
#include <type_traits>

#include "hw/pl/activation_cordic.h"
#include "hw/pl/activation_lut.h"
#include "hw/pl/activation_lut_interpolated.h"
#include "hw/pl/activation_piecewise_linear.h"
#include "hw/pl/activation_polynomial.h"
#include "server/numeric/activation.h"
#include "server/numeric/profile.h"

namespace recurd {
namespace {

template <ActivationForm form>
using Of = hw::activation<form>;

}  // namespace

float Sigmoid(ActivationForm form, float x) {
  switch (form) {
    case ActivationForm::kExact:
      return Sigmoid(x);
    case ActivationForm::kLut:
      return Of<ActivationForm::kLut>::sigmoid(x);
    case ActivationForm::kLutInterpolated:
      return Of<ActivationForm::kLutInterpolated>::sigmoid(x);
    case ActivationForm::kPiecewiseLinear:
      return Of<ActivationForm::kPiecewiseLinear>::sigmoid(x);
    case ActivationForm::kCordic:
      return Of<ActivationForm::kCordic>::sigmoid(x);
    case ActivationForm::kPolynomial:
      return Of<ActivationForm::kPolynomial>::sigmoid(x);
  }
  return x;
}

float Tanh(ActivationForm form, float x) {
  switch (form) {
    case ActivationForm::kExact:
      return Tanh(x);
    case ActivationForm::kLut:
      return Of<ActivationForm::kLut>::tanh(x);
    case ActivationForm::kLutInterpolated:
      return Of<ActivationForm::kLutInterpolated>::tanh(x);
    case ActivationForm::kPiecewiseLinear:
      return Of<ActivationForm::kPiecewiseLinear>::tanh(x);
    case ActivationForm::kCordic:
      return Of<ActivationForm::kCordic>::tanh(x);
    case ActivationForm::kPolynomial:
      return Of<ActivationForm::kPolynomial>::tanh(x);
  }
  return x;
}

template <typename T>
T ApplyGate(ActivationForm form, const Activation& function, T x) {
  if constexpr (std::is_same_v<T, float>) {
    if (function.kind == UnaryKind::kSigmoid) return Sigmoid(form, x);
    if (function.kind == UnaryKind::kTanh) return Tanh(form, x);
  }
  return Apply(function, x);
}
template float ApplyGate(ActivationForm, const Activation&, float);
template double ApplyGate(ActivationForm, const Activation&, double);

const std::vector<NamedForm>& ActivationForms() {
  static const auto& forms = *new std::vector<NamedForm>{
      {"lut", ActivationForm::kLut},
      {"lut_interpolated", ActivationForm::kLutInterpolated},
      {"piecewise_linear", ActivationForm::kPiecewiseLinear},
      {"cordic", ActivationForm::kCordic},
      {"polynomial", ActivationForm::kPolynomial},
      {"exact", ActivationForm::kExact},
  };
  return forms;
}

const char* NameOf(ActivationForm form) {
  for (const NamedForm& named : ActivationForms()) {
    if (named.form == form) return named.name;
  }
  return "";
}

std::optional<ActivationForm> FindActivationForm(std::string_view name) {
  for (const NamedForm& named : ActivationForms()) {
    if (named.name == name) return named.form;
  }
  return std::nullopt;
}

namespace {

// What every profile of the form has behind its first word.
std::string SumsOf(ActivationForm form) {
  switch (form) {
    case ActivationForm::kExact:
      return "/col2/act1/ftz";
    case ActivationForm::kLut:
      return "/col2/lut7750/ftz";
    case ActivationForm::kLutInterpolated:
      return "/col2/lines512/ftz";
    case ActivationForm::kPiecewiseLinear:
      return "/col2/segments16/ftz";
    case ActivationForm::kCordic:
      return "/col2/cordic20/ftz";
    case ActivationForm::kPolynomial:
      return "/col2/cubics64/ftz";
  }
  return "";
}

}  // namespace

std::string ProfileOf(ActivationForm form, WeightStorage storage) {
  switch (storage) {
    case WeightStorage::kFp32:
      return "f32" + SumsOf(form);
    case WeightStorage::kBf16:
      return "bf16" + SumsOf(form);
    case WeightStorage::kInt8:
      return "i8" + SumsOf(form);
  }
  return "";
}

}  // namespace recurd
