#include "tests/virtual_board/design.h"

#include <algorithm>
#include <array>
#include <sstream>

namespace recurd {
namespace virtual_board {
namespace {

constexpr char kTitle[] = "recurd design 1";
constexpr std::array<const char*, 6> kKeys = {"mapping", "activation", "hidden", "input", "cell", "build"};
using Numbers = std::array<uint32_t, kKeys.size()>;

Numbers NumbersOf(const emu::Placement& placement, uint32_t build_id) {
  return {placement.mapping,
          static_cast<uint32_t>(placement.activation),
          static_cast<uint32_t>(placement.shape.hidden_size),
          static_cast<uint32_t>(placement.shape.input_size),
          static_cast<uint32_t>(placement.shape.cell),
          build_id};
}

}  // namespace

std::string DesignText(const emu::Placement& placement, uint32_t build_id) {
  const Numbers numbers = NumbersOf(placement, build_id);
  std::ostringstream out;
  out << kTitle << "\n";
  for (size_t i = 0; i < kKeys.size(); ++i) out << kKeys[i] << " " << numbers[i] << "\n";
  return out.str();
}

absl::StatusOr<Design> ParseDesign(std::string_view text) {
  std::istringstream in{std::string(text)};
  std::string line;
  if (!std::getline(in, line) || line != kTitle) return Design{};
  Numbers numbers = {};
  for (size_t i = 0; i < kKeys.size(); ++i) {
    std::string key;
    if (!(in >> key >> numbers[i]) || key != kKeys[i]) {
      return absl::InvalidArgumentError(std::string("the design lacks '") + kKeys[i] + "'");
    }
  }
  for (const std::vector<emu::Placement>* all : {&emu::BuiltPlacements(), &emu::BuiltVariants()}) {
    for (const emu::Placement& placement : *all) {
      if (NumbersOf(placement, numbers.back()) == numbers) return Design{&placement, numbers.back()};
    }
  }
  return absl::InvalidArgumentError("no such placement was built (hw/emu/placement_sizes.h):\n" + std::string(text));
}

}  // namespace virtual_board
}  // namespace recurd
