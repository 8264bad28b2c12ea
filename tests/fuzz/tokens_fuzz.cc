// A file of tokens is whatever somebody wrote: it must be refused, without its secrets in the error, or each of its
// tokens must be found and nothing else.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "server/base/tokens.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto tokens = recurd::Tokens::Parse(text);
  if (!tokens.ok()) {
    if (tokens.status().message().size() > 300) std::abort();
    return 0;
  }
  if (tokens->size() == 0 || tokens->size() > recurd::Tokens::kMaxCount) std::abort();
  (void)tokens->FindBearer(text);
  if (tokens->Find("") != nullptr || tokens->Find(text) != nullptr) std::abort();  // a line is longer than its token
  return 0;
}
