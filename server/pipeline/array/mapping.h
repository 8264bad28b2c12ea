#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hw/emu/placement.h"
#include "server/numeric/kernels.h"
#include "server/pipeline/recurrent_cell.h"

namespace recurd::array {

// A mapping as the daemon knows it: one entry of the table in mapping.cc, and a list of placements
// (hw/emu/placement.h).
struct MappingEntry {
  const char* name;
  hw::Mapping id;
  // Of its layers with its own activations; the operators around them keep to kFp32Profile in any case.
  const char* profile;
  // The activations that it can compute, its own first.
  std::vector<ActivationForm> activations;
  // Why it can't compute a layer, whatever its size; empty if it can.
  std::string (*objection)(const RecurrentOp& op);
  // Its plain evaluator: the bits that the emulated array gives.
  std::unique_ptr<RecurrentCell> (*make_cell)(const RecurrentOp& op, ActivationForm form, const Kernels& kernels);

  // What a model gets that asks for this or, null, for none. Errors: INVALID_ARGUMENT naming both, and the way out.
  absl::StatusOr<ActivationForm> Choose(std::optional<ActivationForm> asked) const;
  // With one of its activations.
  std::string ProfileOf(ActivationForm form) const;
  // How far a step may lie from the plain reference's (pipeline/check.h).
  double ErrorOf(ActivationForm form) const;
  const emu::Placement* FindArray(ActivationForm form, const emu::LayerShape& layer) const;
};

// The best first, where modelled times are equal.
const std::vector<MappingEntry>& Mappings();

// Those that a name stands for: one, or all for "auto". Errors: INVALID_ARGUMENT naming the choices.
absl::StatusOr<std::vector<const MappingEntry*>> FindMappings(const std::string& name);

}  // namespace recurd::array
