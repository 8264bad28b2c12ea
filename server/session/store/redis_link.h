#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "server/session/store/redis_address.h"

namespace recurd {

// What Redis answered. Whoever answers is not trusted: lists have at most 16 items and no lists in them, and all that
// waits to be read is at most RedisLink::kMaxReplyBytes.
struct RedisReply {
  enum class Kind { kNothing, kNumber, kText, kError, kList };
  Kind kind = Kind::kNothing;
  int64_t number = 0;
  std::string text;  // kText; of kError what was wrong
  std::vector<RedisReply> items;
};

// One connection to a Redis server. After an error it is of no more use.
// Threads: one at a time. Waits: no longer than kTimeoutMs for anything at all, and kAnswerMs for a whole answer.
class RedisLink {
 public:
  static constexpr int kTimeoutMs = 500;
  static constexpr int kAnswerMs = 2000;
  static constexpr size_t kMaxReplyBytes = 128 << 20;

  // Whether this program was built with the library that it takes.
  static bool BuiltIn();

  // Connects, authenticates where there is a password, and selects the database.
  // Errors: UNAVAILABLE naming the address and the reason.
  static absl::StatusOr<std::unique_ptr<RedisLink>> Connect(const RedisAddress& address, const std::string& password);
  virtual ~RedisLink() = default;

  // Queues a command. Words may hold any bytes.
  virtual void Send(absl::Span<const absl::string_view> words) = 0;
  // Sends what is queued, and waits for the next answer. An error that Redis answers with is a reply.
  // Errors: UNAVAILABLE with the reason.
  virtual absl::StatusOr<RedisReply> Receive() = 0;
  // For a connection that has subscribed: what has come, without waiting; to be called when fd() can be read.
  // Errors: UNAVAILABLE with the reason.
  virtual absl::StatusOr<std::vector<RedisReply>> TakePushed() = 0;
  virtual int fd() const = 0;

  // Both halves for one command, whose answer must not be an error.
  absl::StatusOr<RedisReply> Ask(absl::Span<const absl::string_view> words) {
    Send(words);
    absl::StatusOr<RedisReply> reply = Receive();
    if (!reply.ok() || reply->kind != RedisReply::Kind::kError) return reply;
    return absl::UnavailableError(reply->text);
  }
};

}  // namespace recurd
