#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace recurd {

// What a caller may do: ask for health; use models and sessions; look at and end other people's, load and unload;
// scrape. kStreamOrAdmin: what either may.
enum class Role { kAnyone, kStream, kAdmin, kMetrics, kStreamOrAdmin };

// Who may do what by showing a secret. Made of a text file, one token a line:
//
//   # name     roles                  token
//   ward-7     stream                 mXfUR0Zt4r9kN2cQ8sW1vA
//   ops        stream,admin           w3JrTq5BnE0yLhD7kPzG6u
//   prometheus metrics                8dHcVx1aSoKi4MfYbR9eQ2
//
// Three words, apart by blanks or tabs. Lines of blanks, and what begins with #, are passed over. A name has 1 to 64
// printable ASCII characters, a token 16 to 128; neither is there twice. At most 1024 tokens, 512 bytes a line, 1 MiB.
// No secret is ever part of an error's text. Threads: const, so any.
class Tokens {
 public:
  static constexpr size_t kMinLength = 16, kMaxLength = 128, kMaxCount = 1024;

  struct Holder {
    std::string name;
    bool Has(Role role) const {
      if (role == Role::kStreamOrAdmin) return Has(Role::kStream) || Has(Role::kAdmin);
      return role == Role::kAnyone || (roles >> static_cast<int>(role) & 1) != 0;
    }
    unsigned roles = 0;  // bit r: the Role r
  };

  // Errors: INVALID_ARGUMENT naming the line, what is wrong and what is right.
  static absl::StatusOr<Tokens> Parse(std::string_view text);
  // Errors: also those of ReadSmallFile, and INVALID_ARGUMENT where others than its owner may read or write the file.
  static absl::StatusOr<Tokens> Read(const std::string& path);

  // Who holds this token; nullptr: nobody. Takes the same time whichever it is and however much of one is right: it
  // compares all of every token.
  const Holder* Find(std::string_view token) const;
  // The same of an `authorization` header's value, "Bearer TOKEN".
  const Holder* FindBearer(std::string_view header) const;

  size_t size() const { return holders_.size(); }

 private:
  struct Secret {
    size_t length = 0;
    std::array<char, kMaxLength> bytes = {};  // zeros behind the token
  };

  absl::Status Add(std::string_view line, size_t number);

  std::vector<Holder> holders_;
  std::vector<Secret> secrets_;  // of the holder at the same place
  std::vector<size_t> lines_;    // likewise, for errors
};

}  // namespace recurd
