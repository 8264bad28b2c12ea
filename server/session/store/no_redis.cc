// Where hiredis was not found, or not wanted: the flag is refused before this is asked for.
#include "server/session/store/redis_link.h"

namespace recurd {

bool RedisLink::BuiltIn() { return false; }

absl::StatusOr<std::unique_ptr<RedisLink>> RedisLink::Connect(const RedisAddress&, const std::string&) {
  return absl::UnimplementedError("this program was built without hiredis");
}

}  // namespace recurd
