#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hw/config/contract.h"
#include "server/numeric/kernels.h"
#include "server/pipeline/recurrent_cell.h"

namespace recurd::sim {

// A mapping as the daemon knows it: one entry of the table in mapping.cc, and a list of placements
// (hw/emu/placement.h).
struct MappingEntry {
  const char* name;
  hw::Mapping id;
  // Of its layers; the operators around them keep to kFp32Profile in any case.
  const char* profile;
  // Why it can't compute a layer, whatever its size; empty if it can.
  std::string (*objection)(const RecurrentOp& op);
  // Its plain evaluator: the bits that the emulated array gives.
  std::unique_ptr<RecurrentCell> (*make_cell)(const RecurrentOp& op, const Kernels& kernels);
};

// The best first, where modelled times are equal.
const std::vector<MappingEntry>& Mappings();

// Those that a name stands for: one, or all for "auto". Errors: INVALID_ARGUMENT naming the choices.
absl::StatusOr<std::vector<const MappingEntry*>> FindMappings(const std::string& name);

}  // namespace recurd::sim
