#include "tests/virtual_board/fault_plan.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>

namespace recurd {
namespace virtual_board {
namespace {

struct Known {
  const char* name;
  int64_t value;  // unless one is given
};
constexpr Known kKnown[] = {
    {"hang", 0},     {"stuck", 0},   {"slow", 10000},  {"slow_polls", 100}, {"early", 8},    {"stale", 0},
    {"doubled", 0},  {"half", 0},    {"torn", 0},      {"corrupt", 0},      {"nan", 0},      {"refuse", 1},
    {"lost", 0},     {"load", 0},    {"load_hang", 0}, {"sync", 0},         {"alloc", 0},    {"exec", 0},
    {"update", 0},   {"end", 0},     {"magic", 0},     {"abi", 0},          {"build", 0},    {"geometry", 0},
    {"numerics", 0}, {"foreign", 0}, {"dirty", 0},     {"no_pl_reset", 0},  {"bus_hang", 0}, {"slow_registers", 1000},
};

bool SameFile(const struct stat& a, const struct stat& b) {
  return a.st_ino == b.st_ino && a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

}  // namespace

absl::Status FaultPlan::Parse(const std::string& word, Switch* to) {
  static const std::regex form("([a-z_]+)(:([0-9]{1,9}))?(@([0-9]{1,9}))?(x([0-9]{1,9})|\\+)?");
  std::smatch part;
  const bool matches = std::regex_match(word, part, form);
  const auto known = std::find_if(std::begin(kKnown), std::end(kKnown),
                                  [&](const Known& each) { return matches && part[1].str() == each.name; });
  if (known == std::end(kKnown)) {
    return absl::InvalidArgumentError("'" + word + "' is no fault switch: NAME[:VALUE][@N][xK|+] with a NAME of " +
                                      "tests/virtual_board/README.md");
  }
  to->name = known->name;
  to->value = part[3].matched ? std::stoll(part[3]) : known->value;
  to->first = part[5].matched ? std::max(1ll, std::stoll(part[5])) : 1;
  if (part[7].matched) {
    to->last = to->first + std::max(1ll, std::stoll(part[7])) - 1;
  } else if (part[5].matched && !part[6].matched) {
    to->last = to->first;
  }
  return absl::OkStatus();
}

absl::Status FaultPlan::Set(std::string_view text) {
  std::vector<Switch> switches;
  std::istringstream words{std::string(text)};
  std::string word;
  while (std::getline(words, word, ',')) {
    word.erase(std::remove_if(word.begin(), word.end(), [](unsigned char c) { return std::isspace(c); }), word.end());
    if (word.empty()) continue;
    Switch parsed;
    if (absl::Status status = Parse(word, &parsed); !status.ok()) return status;
    switches.push_back(parsed);
  }
  switches_ = std::move(switches);
  ++revision_;
  return absl::OkStatus();
}

absl::Status FaultPlan::Begin() {
  if (const char* file = std::getenv("RECURD_VIRTUAL_BOARD_FAULT_FILE")) file_ = file;
  const char* text = std::getenv("RECURD_VIRTUAL_BOARD_FAULT");
  return text == nullptr ? absl::OkStatus() : Set(text);
}

void FaultPlan::LookAtFile() {
  struct stat state;
  if (file_.empty() || stat(file_.c_str(), &state) != 0 || SameFile(state, file_state_)) return;
  file_state_ = state;
  std::ifstream in(file_);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (absl::Status status = Set(text); !status.ok()) {
    std::fprintf(stderr, "virtual board: %s: %s\n", file_.c_str(), std::string(status.message()).c_str());
  }
}

std::optional<int64_t> FaultPlan::Strike(std::string_view name) {
  std::optional<int64_t> value;
  for (Switch& each : switches_) {
    if (each.name != name) continue;
    ++each.seen;
    if (each.seen >= each.first && each.seen <= each.last) value = each.value;
  }
  return value;
}

std::optional<int64_t> FaultPlan::On(std::string_view name) const {
  const auto found = std::find_if(switches_.begin(), switches_.end(), [&](const Switch& s) { return s.name == name; });
  return found == switches_.end() ? std::nullopt : std::optional<int64_t>(found->value);
}

bool FaultPlan::Always(std::string_view name) const {
  return std::any_of(switches_.begin(), switches_.end(),
                     [&](const Switch& s) { return s.name == name && s.first == 1 && s.last == ~uint64_t{0}; });
}

}  // namespace virtual_board
}  // namespace recurd
