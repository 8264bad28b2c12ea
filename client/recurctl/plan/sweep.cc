#include <array>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/recurctl/command.h"
#include "client/recurctl/plan/report.h"

namespace recurd {
namespace {

constexpr std::array<int, 9> kUnits = {8, 16, 24, 32, 48, 64, 128, 192, 256};
constexpr std::array<int, 7> kInputs = {8, 16, 32, 64, 128, 256, 512};

const char* NameOf(hw::LaneCell cell) {
  return cell == hw::LaneCell::kLstm        ? "LSTM"
         : cell == hw::LaneCell::kGruBefore ? "GRU with the reset before the matrix"
                                            : "GRU with the reset after the matrix";
}

bool Has(hw::Mapping mapping, hw::LaneCell cell) {
  return cell != hw::LaneCell::kLstm || mapping == hw::kMappingLanes || mapping == hw::kMappingLanesExact;
}

// The steady step with one digit behind the point, or `none`.
std::string Period(const hw::PlannedShape& shape, const char* none) {
  if (!Has(shape.mapping, shape.cell) || !hw::FootprintLimit(shape).empty()) return none;
  return absl::StrFormat("%.1f", static_cast<double>(hw::FormOf(shape, hw::Timing()).steady) * hw::kNsPerCycle);
}

}  // namespace

std::string SweepText(const std::vector<const array::MappingEntry*>& mappings, hw::LaneCell cell, int weight_sets) {
  std::string text =
      absl::StrFormat("Modelled steady step in ns, from the closed form: %s, %d weight sets; - doesn't fit.\n",
                      NameOf(cell), weight_sets);
  for (const array::MappingEntry* mapping : mappings) {
    absl::StrAppendFormat(&text, "\n%-12s", mapping->name);
    for (const int inputs : kInputs) absl::StrAppendFormat(&text, " %8s", absl::StrCat("I=", inputs));
    for (const int units : kUnits) {
      absl::StrAppendFormat(&text, "\n%-12s", absl::StrCat("H=", units));
      for (const int inputs : kInputs) {
        absl::StrAppendFormat(&text, " %8s", Period({mapping->id, cell, units, inputs, weight_sets}, "-"));
      }
    }
    text += "\n";
  }
  return text;
}

std::string SweepJson(const std::vector<const array::MappingEntry*>& mappings, hw::LaneCell cell, int weight_sets) {
  std::vector<std::string> tables;
  for (const array::MappingEntry* mapping : mappings) {
    std::vector<std::string> rows;
    for (const int units : kUnits) {
      std::vector<std::string> row;
      for (const int inputs : kInputs) row.push_back(Period({mapping->id, cell, units, inputs, weight_sets}, "null"));
      rows.push_back(absl::StrCat("[", absl::StrJoin(row, ","), "]"));
    }
    tables.push_back(
        absl::StrFormat("{\"mapping\":\"%s\",\"steady_ns\":[%s]}", mapping->name, absl::StrJoin(rows, ",")));
  }
  return absl::StrFormat(
      "{\"modelled\":true,\"cell\":%s,\"weight_sets\":%d,\"units\":[%s],\"inputs\":[%s],\"tables\":[%s]}\n",
      JsonString(NameOf(cell)), weight_sets, absl::StrJoin(kUnits, ","), absl::StrJoin(kInputs, ","),
      absl::StrJoin(tables, ","));
}

}  // namespace recurd
