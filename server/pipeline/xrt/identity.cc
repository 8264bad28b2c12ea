#include "server/pipeline/xrt/identity.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "hw/config/contract.h"
#include "server/base/status_macros.h"

namespace recurd::board {
namespace {

absl::StatusOr<uint32_t> Read(Device& device, hw::Register offset, const char* name) {
  uint32_t value = 0;
  if (device.Read(offset, &value)) return value;
  return absl::UnavailableError(absl::StrCat("the board's register ", name, " can't be read"));
}

std::string NameOf(hw::LaneCell cell) {
  switch (cell) {
    case hw::LaneCell::kGruBefore:
      return "gru_before";
    case hw::LaneCell::kGruAfter:
      return "gru_after";
    case hw::LaneCell::kLstm:
      return "lstm";
  }
  return "";
}

std::string NameOf(hw::Mapping mapping) {
  constexpr const char* kNames[] = {"", "hybrid", "aie", "cascade", "lanes", "lanes_exact"};
  return kNames[mapping];
}

absl::Status CheckContract(Device& device) {
  RECURD_ASSIGN_OR_RETURN(const uint32_t magic, Read(device, hw::kRegMagic, "MAGIC"));
  if (magic != hw::kMagic) {
    return absl::FailedPreconditionError(
        absl::StrFormat("what runs in the PL isn't recurd's: its MAGIC is 0x%08x, not 0x%08x; boot the board from the "
                        "BOOT.BIN that hw/vitis packages, and give its xclbin",
                        magic, hw::kMagic));
  }
  RECURD_ASSIGN_OR_RETURN(const uint32_t abi, Read(device, hw::kRegAbi, "ABI"));
  if (abi >> 16 == hw::kAbiMajor) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrFormat("the design in the PL speaks ABI %d.%d, and this program %d.%d: the first numbers must be equal; "
                      "build both from one revision",
                      abi >> 16, abi & 0xffff, hw::kAbiMajor, hw::kAbiMinor));
}

const emu::Placement* Find(uint32_t geometry, uint32_t weight_sets, uint32_t numerics) {
  for (const auto* all : {&emu::BuiltPlacements(), &emu::BuiltVariants()}) {
    for (const emu::Placement& placement : *all) {
      const emu::LayerShape& shape = placement.shape;
      if (hw::PackGeometry(shape.hidden_size, shape.input_size, weight_sets, placement.mapping) == geometry &&
          hw::PackNumerics(placement.mapping, static_cast<uint32_t>(placement.activation),
                           static_cast<uint32_t>(shape.cell)) == numerics) {
        return &placement;
      }
    }
  }
  return nullptr;
}

}  // namespace

std::string Describe(const Identity& identity) {
  const emu::LayerShape& shape = identity.placement->shape;
  return absl::StrCat(NameOf(identity.placement->mapping), " ", shape.hidden_size, "x", shape.input_size, " ",
                      NameOf(shape.cell), ", ", identity.weight_sets, " weight sets",
                      absl::StrFormat(", build 0x%x", identity.build_id));
}

absl::StatusOr<Identity> Identify(Device& device) {
  RECURD_RETURN_IF_ERROR(CheckContract(device));
  RECURD_ASSIGN_OR_RETURN(const uint32_t geometry, Read(device, hw::kRegGeometry, "GEOMETRY"));
  RECURD_ASSIGN_OR_RETURN(const uint32_t numerics, Read(device, hw::kRegNumerics, "NUMERICS"));
  RECURD_ASSIGN_OR_RETURN(const uint32_t build_id, Read(device, hw::kRegBuildId, "BUILD_ID"));
  if (const uint32_t expected = device.expected_build_id().value_or(build_id); expected != build_id) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "the design in the PL is build 0x%08x, and the xclbin is of 0x%08x; boot the board from the BOOT.BIN that was "
        "packaged with it",
        build_id, expected));
  }
  const uint32_t weight_sets = geometry >> 24 & 0xf;
  const emu::Placement* placement = Find(geometry, weight_sets, numerics);
  if (placement != nullptr && weight_sets > 0) {
    return Identity{placement, static_cast<int>(weight_sets), build_id};
  }
  return absl::FailedPreconditionError(absl::StrFormat(
      "the design in the PL has %d units, %d inputs, %d weight sets, mapping %d (GEOMETRY 0x%08x) and NUMERICS 0x%08x, "
      "and this program has no such placement; recurctl plan names those it has, hw/emu/placement_sizes.h lists them",
      geometry & 0xfff, geometry >> 12 & 0xfff, weight_sets, geometry >> 28, geometry, numerics));
}

}  // namespace recurd::board
