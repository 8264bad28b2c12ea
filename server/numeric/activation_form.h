#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "server/numeric/ops.h"

namespace recurd {

// How a recurrent layer's sigmoid and tanh are computed: the array's own functions (hw/pl/activation_*.h, with bounds),
// here for a processor. Other activations of a layer, and all of those around it, are exact in any case.
// Threads: any. Allocates: never.

// The float functions. Form kExact: activation.h's. Any x has a result; NaN counts as -infinity unless the form is
// kExact, where it stays NaN.
float Sigmoid(ActivationForm form, float x);
float Tanh(ActivationForm form, float x);

// function(x) within a layer. T = double: always exact.
template <typename T>
T ApplyGate(ActivationForm form, const Activation& function, T x);

// The names in a model's configuration, in the order in which they are listed to people.
struct NamedForm {
  const char* name;
  ActivationForm form;
};
const std::vector<NamedForm>& ActivationForms();
const char* NameOf(ActivationForm form);
std::optional<ActivationForm> FindActivationForm(std::string_view name);

}  // namespace recurd
