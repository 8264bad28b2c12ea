#include "client/recurctl/columns.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace recurd {
namespace {

// "p12" -> "p", 12.
bool SplitNumbered(const std::string& name, std::string* prefix, int* number) {
  size_t digits = name.size();
  while (digits > 0 && absl::ascii_isdigit(static_cast<unsigned char>(name[digits - 1]))) --digits;
  *prefix = name.substr(0, digits);
  return absl::SimpleAtoi(name.substr(digits), number);
}

// "p0-p7" -> p0 .. p7, at most as many as there are columns.
std::vector<std::string> ExpandRange(const std::string& item, size_t limit) {
  std::string first_prefix, last_prefix;
  int first = 0, last = 0;
  const size_t dash = item.find('-', 1);
  if (dash == std::string::npos || !SplitNumbered(item.substr(0, dash), &first_prefix, &first) ||
      !SplitNumbered(item.substr(dash + 1), &last_prefix, &last) || first_prefix != last_prefix || last < first ||
      static_cast<size_t>(last - first) >= limit) {
    return {item};
  }
  std::vector<std::string> names;
  for (int i = first; i <= last; ++i) names.push_back(absl::StrCat(first_prefix, i));
  return names;
}

}  // namespace

absl::StatusOr<std::vector<int>> ChooseColumns(const std::vector<std::string>& names, const std::string& list,
                                               const std::string& left_out) {
  std::vector<int> chosen;
  if (list.empty()) {
    for (size_t i = 0; i < names.size(); ++i) {
      if (names[i] != left_out) chosen.push_back(static_cast<int>(i));
    }
    return chosen;
  }
  for (const std::string& item : std::vector<std::string>(absl::StrSplit(list, ','))) {
    const bool is_name = std::find(names.begin(), names.end(), item) != names.end();
    for (const std::string& name : is_name ? std::vector<std::string>{item} : ExpandRange(item, names.size())) {
      const auto found = std::find(names.begin(), names.end(), name);
      if (found == names.end()) {
        return absl::InvalidArgumentError(
            absl::StrCat("--columns names '", name, "'; the input has ", absl::StrJoin(names, ",")));
      }
      chosen.push_back(static_cast<int>(found - names.begin()));
    }
  }
  return chosen;
}

}  // namespace recurd
