#include "server/base/tokens.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/base/small_file.h"
#include "server/base/status_macros.h"

namespace recurd {
namespace {

constexpr size_t kMaxFile = 1 << 20;
constexpr size_t kMaxLine = 512;
constexpr size_t kMaxName = 64;
constexpr std::string_view kBlanks = " \t\r";
constexpr std::string_view kBearer = "Bearer ";

template <typename... Parts>
absl::Status LineError(size_t number, const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat("line ", number, ": ", parts...));
}

bool IsPrintable(std::string_view word) {
  return std::all_of(word.begin(), word.end(), [](char c) { return c > ' ' && c < 127; });
}

// Cuts the first word off; empty at the end of the line.
std::string_view TakeWord(std::string_view* line) {
  line->remove_prefix(std::min(line->find_first_not_of(kBlanks), line->size()));
  const std::string_view word = line->substr(0, line->find_first_of(kBlanks));
  line->remove_prefix(word.size());
  return word;
}

// 0 unless every word between commas is a role.
unsigned ParseRoles(std::string_view text) {
  unsigned roles = 0;
  for (;;) {
    const std::string_view word = text.substr(0, text.find(','));
    const Role role = word == "stream"    ? Role::kStream
                      : word == "admin"   ? Role::kAdmin
                      : word == "metrics" ? Role::kMetrics
                                          : Role::kAnyone;
    if (role == Role::kAnyone) return 0;
    roles |= 1u << static_cast<int>(role);
    if (word.size() == text.size()) return roles;
    text.remove_prefix(word.size() + 1);
  }
}

}  // namespace

absl::StatusOr<Tokens> Tokens::Parse(std::string_view text) {
  Tokens tokens;
  for (size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.size() > kMaxLine) return LineError(number, "has ", line.size(), " bytes; at most ", kMaxLine);
    RECURD_RETURN_IF_ERROR(tokens.Add(line, number));
  }
  if (tokens.size() == 0) {
    return absl::InvalidArgumentError(
        "holds no token, so that nobody could come in; a line is NAME ROLE[,ROLE...] TOKEN");
  }
  return tokens;
}

absl::StatusOr<Tokens> Tokens::Read(const std::string& path) {
  RECURD_ASSIGN_OR_RETURN(const std::string text, ReadSecretFile(path, kMaxFile));
  absl::StatusOr<Tokens> tokens = Parse(text);
  if (tokens.ok()) return tokens;
  return absl::InvalidArgumentError(absl::StrCat("'", path, "': ", tokens.status().message()));
}

absl::Status Tokens::Add(std::string_view line, size_t number) {
  const std::string_view name = TakeWord(&line);
  if (name.empty() || name.front() == '#') return absl::OkStatus();
  const unsigned roles = ParseRoles(TakeWord(&line));
  const std::string_view token = TakeWord(&line);
  if (token.empty() || !TakeWord(&line).empty()) {
    return LineError(number, "must be three words: NAME ROLE[,ROLE...] TOKEN");
  }
  if (name.size() > kMaxName || !IsPrintable(name)) {
    return LineError(number, "the name has ", name.size(), " characters; it must be 1 to ", kMaxName,
                     ", all of them printable ASCII");
  }
  if (roles == 0) return LineError(number, "the second word must be roles, joined by commas: stream, admin, metrics");
  if (token.size() < kMinLength || token.size() > kMaxLength || !IsPrintable(token)) {
    return LineError(number, "the token has ", token.size(), " characters; it must be ", kMinLength, " to ", kMaxLength,
                     ", all of them printable ASCII (openssl rand -base64 24 makes one)");
  }
  if (holders_.size() == kMaxCount) return LineError(number, "is token ", kMaxCount + 1, "; at most ", kMaxCount);
  const auto same_name = std::find_if(holders_.begin(), holders_.end(), [&](auto& h) { return h.name == name; });
  if (same_name != holders_.end()) {
    return LineError(number, "the name is that of line ", lines_[same_name - holders_.begin()], " too");
  }
  if (const Holder* holder = Find(token)) {
    return LineError(number, "the token is that of line ", lines_[holder - holders_.data()], " too");
  }
  holders_.push_back({std::string(name), roles});
  Secret secret{.length = token.size()};
  std::copy(token.begin(), token.end(), secret.bytes.begin());
  secrets_.push_back(secret);
  lines_.push_back(number);
  return absl::OkStatus();
}

const Tokens::Holder* Tokens::Find(std::string_view token) const {
  Secret shown{.length = token.size()};
  if (token.size() > kMaxLength) return nullptr;
  std::copy(token.begin(), token.end(), shown.bytes.begin());
  size_t found = secrets_.size();
  for (size_t i = 0; i < secrets_.size(); ++i) {
    size_t difference = secrets_[i].length ^ shown.length;
    for (size_t k = 0; k < kMaxLength; ++k) difference |= static_cast<size_t>(secrets_[i].bytes[k] ^ shown.bytes[k]);
    found = difference == 0 ? i : found;
  }
  return found < secrets_.size() ? &holders_[found] : nullptr;
}

const Tokens::Holder* Tokens::FindBearer(std::string_view header) const {
  if (header.size() <= kBearer.size() || !absl::EqualsIgnoreCase(absl::string_view(header.data(), kBearer.size()),
                                                                 absl::string_view(kBearer.data(), kBearer.size()))) {
    return nullptr;
  }
  return Find(header.substr(kBearer.size()));
}

}  // namespace recurd
