#include "server/session/store/sequence_records.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace recurd::sequence_records {
namespace {

constexpr char kPrefix[] = "recurd:sequence:";
constexpr size_t kMaxSince = 20, kMaxVersion = 64;

// KEYS: record. ARGV: owner, since or "", age in us, ...
constexpr char kNow[] = R"(
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
)";
constexpr char kSince[] = R"(
local since = tonumber(ARGV[2]) or now - ARGV[3]
local old = redis.call('HMGET', KEYS[1], 'owner', 'since')
if old[1] and old[1] ~= ARGV[1] and (tonumber(old[2]) or 0) > since then return 0 end
)";
constexpr char kKeepScript[] = R"(
since = string.format('%.0f', since)
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'since', since, 'free', ARGV[4], 'version', ARGV[5], 'state', ARGV[6])
redis.call('PEXPIRE', KEYS[1], ARGV[7])
return since
)";
constexpr char kEraseScript[] = R"(
redis.call('DEL', KEYS[1])
return string.format('%.0f', since)
)";
// ARGV: owner, its process, force, time to live in ms, prefix of the channels
constexpr char kTakeScript[] = R"(
local old = redis.call('HMGET', KEYS[1], 'owner', 'since', 'free', 'version', 'state')
if not (old[1] and old[4] and old[5]) then return false end
local process = string.match(old[1], '^[^:]*')
local others = old[3] ~= '1' and process ~= ARGV[2] and ARGV[3] ~= '1'
if others and redis.call('PUBLISH', ARGV[5] .. process, KEYS[1]) > 0 then return 0 end
local since = string.format('%.0f', math.max(now, (tonumber(old[2]) or 0) + 1))
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'since', since, 'free', '0')
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return {since, old[4], old[5]}
)";

bool IsPlain(char c) { return c > ' ' && c < 0x7f && c != '%'; }

std::string RecordKey(absl::string_view key) {
  std::string text = kPrefix;
  for (const char c : key) {
    if (IsPlain(c)) {
      text.push_back(c);
    } else {
      absl::StrAppendFormat(&text, "%%%02x", static_cast<uint8_t>(c));
    }
  }
  return text;
}

std::string NameOf(const Owner& owner) { return absl::StrCat(owner.process, ":", owner.serial); }

bool IsSince(const RedisReply& reply) {
  return reply.kind == RedisReply::Kind::kText && !reply.text.empty() && reply.text.size() <= kMaxSince &&
         std::all_of(reply.text.begin(), reply.text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Answer Failed(const RedisReply& reply) {
  return {.why = reply.kind == RedisReply::Kind::kError ? reply.text : "an answer that the script never gives"};
}

Answer Written(const RedisReply& reply) {
  if (IsSince(reply)) return {.outcome = Outcome::kDone, .since = reply.text};
  if (reply.kind == RedisReply::Kind::kNumber) return {.outcome = Outcome::kFenced};
  return Failed(reply);
}

}  // namespace

std::string ChannelOf(absl::string_view process) { return absl::StrCat("recurd:ask:", process); }

std::string KeyAsked(const RedisReply& pushed) {
  if (pushed.kind != RedisReply::Kind::kList || pushed.items.size() != 3 || pushed.items[0].text != "message")
    return "";
  const std::string& record = pushed.items[2].text;
  if (record.size() > kMaxKey || !absl::StartsWith(record, kPrefix)) return "";
  std::string key;
  for (size_t i = sizeof kPrefix - 1; i < record.size(); ++i) {
    if (record[i] != '%') {
      key.push_back(record[i]);
    } else if (i + 2 < record.size()) {
      key += absl::HexStringToBytes(absl::string_view(record).substr(i + 1, 2));
      i += 2;
    }
  }
  return key;
}

void Keep(RedisLink& link, absl::string_view key, const Owner& owner, const Record& record) {
  static const std::string script = absl::StrCat(kNow, kSince, kKeepScript);
  link.Send({"EVAL", script, "1", RecordKey(key), NameOf(owner), owner.since, absl::StrCat(owner.age_us),
             record.free ? "1" : "0", record.version, record.state, absl::StrCat(record.ttl_ms)});
}
Answer Kept(const RedisReply& reply) { return Written(reply); }

void Erase(RedisLink& link, absl::string_view key, const Owner& owner) {
  static const std::string script = absl::StrCat(kNow, kSince, kEraseScript);
  link.Send({"EVAL", script, "1", RecordKey(key), NameOf(owner), owner.since, absl::StrCat(owner.age_us)});
}
Answer Erased(const RedisReply& reply) { return Written(reply); }

void Take(RedisLink& link, absl::string_view key, const Owner& owner, int64_t ttl_ms, bool force) {
  static const std::string script = absl::StrCat(kNow, kTakeScript);
  link.Send({"EVAL", script, "1", RecordKey(key), NameOf(owner), owner.process, force ? "1" : "0", absl::StrCat(ttl_ms),
             ChannelOf("")});
}

Answer Taken(const RedisReply& reply) {
  switch (reply.kind) {
    case RedisReply::Kind::kNothing:
      return {.outcome = Outcome::kAbsent};
    case RedisReply::Kind::kNumber:
      return {.outcome = Outcome::kHeld};
    case RedisReply::Kind::kList:
      if (reply.items.size() != 3 || !IsSince(reply.items[0]) || reply.items[1].kind != RedisReply::Kind::kText ||
          reply.items[1].text.size() > kMaxVersion || reply.items[2].kind != RedisReply::Kind::kText) {
        return Failed(reply);
      }
      return {.outcome = Outcome::kDone,
              .since = reply.items[0].text,
              .version = reply.items[1].text,
              .state = reply.items[2].text};
    default:
      return Failed(reply);
  }
}

}  // namespace recurd::sequence_records
