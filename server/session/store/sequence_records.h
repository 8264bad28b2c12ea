#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "server/session/store/redis_link.h"

namespace recurd {

// How a sequence lies in Redis: a hash under "recurd:sequence:KEY", KEY with what isn't printable as %XX, with the time
// to live of its last write and the fields
//   owner    PROCESS:SERIAL, the sequence of the replica that has it
//   since    when that one got it, in microseconds of Redis's clock: by START, or by taking it
//   free     1: nobody computes it, whoever asks may take it at once
//   version  of its model
//   state    what it goes on from
//
// Of two owners the later one is right: what an earlier one writes is refused, and its sequence is over (fenced). Who
// takes a sequence that isn't free first has its owner asked, over the channel "recurd:ask:PROCESS", to write its last
// state and let go; where nobody listens there, that process is gone. Each of the three is one script, so that nothing
// comes between its look and its write.
//
// All functions queue one command; its answer is to be read by the function of the same name, in the order of commands.
namespace sequence_records {

struct Owner {
  absl::string_view process;
  uint64_t serial = 0;
  absl::string_view since;  // as an answer had it; empty: none came yet
  int64_t age_us = 0;       // then: for how long it has the sequence
};

struct Record {
  absl::string_view version, state;
  bool free = false;
  int64_t ttl_ms = 0;
};

inline constexpr size_t kMaxKey = 4096;  // as Redis and channels carry it

std::string ChannelOf(absl::string_view process);
// The KEY of what came over the channel; empty: it isn't one.
std::string KeyAsked(const RedisReply& pushed);

// kFenced: a later owner has it. kFailed: Redis refused, or answered nonsense; why says so.
enum class Outcome { kDone, kFenced, kHeld, kAbsent, kFailed };
struct Answer {
  Outcome outcome = Outcome::kFailed;
  std::string since;           // with kDone: of the owner now
  std::string version, state;  // Take's
  std::string why;
};

// Writes what the sequence goes on from. kDone, kFenced, kFailed.
void Keep(RedisLink& link, absl::string_view key, const Owner& owner, const Record& record);
Answer Kept(const RedisReply& reply);

// The sequence is over; its record goes, unless it is a later owner's. kDone, kFenced, kFailed.
void Erase(RedisLink& link, absl::string_view key, const Owner& owner);
Answer Erased(const RedisReply& reply);

// Makes `owner` the owner, and reads the record. Where another process has it and listens, that one is asked instead
// (kHeld) unless `force`. kDone, kHeld, kAbsent, kFailed.
void Take(RedisLink& link, absl::string_view key, const Owner& owner, int64_t ttl_ms, bool force);
Answer Taken(const RedisReply& reply);

}  // namespace sequence_records
}  // namespace recurd
