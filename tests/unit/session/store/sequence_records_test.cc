// The protocol by itself: what is sent, and what is made of answers that may be anything.
#include "server/session/store/sequence_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace recurd::sequence_records {
namespace {

using Kind = RedisReply::Kind;
using ::testing::ElementsAre;

// Remembers what was sent.
class Recorder final : public RedisLink {
 public:
  void Send(absl::Span<const absl::string_view> words) override { sent.emplace_back(words.begin(), words.end()); }
  absl::StatusOr<RedisReply> Receive() override { return RedisReply(); }
  absl::StatusOr<std::vector<RedisReply>> TakePushed() override { return std::vector<RedisReply>(); }
  int fd() const override { return -1; }

  std::vector<std::vector<std::string>> sent;
};

RedisReply Text(const std::string& text) { return {.kind = Kind::kText, .text = text}; }
RedisReply List(std::vector<RedisReply> items) { return {.kind = Kind::kList, .items = std::move(items)}; }
RedisReply Pushed(const std::string& what) { return List({Text("message"), Text("recurd:ask:p"), Text(what)}); }

TEST(SequenceRecordsTest, AKeyIsPrintableInRedisAndComesBackAsItWas) {
  Recorder link;
  const std::string key("\0 d%igits\xffn", 11);
  Erase(link, key, {.process = "p", .serial = 3});
  EXPECT_EQ(link.sent[0][3], "recurd:sequence:%00%20d%25igits%ffn");
  EXPECT_EQ(KeyAsked(Pushed(link.sent[0][3])), key);
}

TEST(SequenceRecordsTest, NothingButARecordsKeyIsAsked) {
  EXPECT_EQ(KeyAsked(Text("recurd:sequence:a")), "");
  EXPECT_EQ(KeyAsked(Pushed("other:a")), "");
  EXPECT_EQ(KeyAsked(Pushed("recurd:sequence:" + std::string(kMaxKey, 'a'))), "");
  EXPECT_EQ(KeyAsked(List({Text("subscribe"), Text("recurd:ask:p"), Text("recurd:sequence:a")})), "");
  EXPECT_EQ(KeyAsked(Pushed("recurd:sequence:a%")), "a");
  EXPECT_EQ(KeyAsked(Pushed("recurd:sequence:a%4")), "a4");
}

TEST(SequenceRecordsTest, AWriteSaysWhoAndSinceWhen) {
  Recorder link;
  Keep(link, "k", {.process = "p", .serial = 3, .age_us = 250},
       {.version = "1", .state = "s", .free = true, .ttl_ms = 9});
  const std::vector<std::string> arguments(link.sent[0].begin() + 3, link.sent[0].end());
  EXPECT_THAT(arguments, ElementsAre("recurd:sequence:k", "p:3", "", "250", "1", "1", "s", "9"));
}

TEST(SequenceRecordsTest, AWriteIsDoneFencedOrRefused) {
  EXPECT_EQ(Kept(Text("1700000000000000")).outcome, Outcome::kDone);
  EXPECT_EQ(Kept(Text("1700000000000000")).since, "1700000000000000");
  EXPECT_EQ(Kept({.kind = Kind::kNumber}).outcome, Outcome::kFenced);
  EXPECT_EQ(Kept({.kind = Kind::kError, .text = "OOM"}).why, "OOM");
  EXPECT_EQ(Erased({.kind = Kind::kNumber}).outcome, Outcome::kFenced);
}

TEST(SequenceRecordsTest, AnAnswerThatTheScriptNeverGivesIsAFailure) {
  for (const RedisReply& reply :
       {Text(""), Text("1e9"), Text("-1"), Text(std::string(21, '1')), List({}), RedisReply()}) {
    EXPECT_EQ(Kept(reply).outcome, Outcome::kFailed);
  }
  for (const RedisReply& reply :
       {Text("1"), List({}), List({Text("1"), Text("1")}), List({Text("x"), Text("1"), Text("s")}),
        List({Text("1"), Text(std::string(65, '1')), Text("s")}), List({Text("1"), RedisReply(), Text("s")}),
        List({Text("1"), Text("1"), RedisReply()})}) {
    EXPECT_EQ(Taken(reply).outcome, Outcome::kFailed);
  }
}

TEST(SequenceRecordsTest, ALookFindsIsHeldOrFindsNothing) {
  const Answer found = Taken(List({Text("17"), Text("2"), Text("state")}));
  EXPECT_EQ(found.outcome, Outcome::kDone);
  EXPECT_EQ(found.version, "2");
  EXPECT_EQ(found.state, "state");
  EXPECT_EQ(Taken({.kind = Kind::kNumber}).outcome, Outcome::kHeld);
  EXPECT_EQ(Taken({}).outcome, Outcome::kAbsent);
}

}  // namespace
}  // namespace recurd::sequence_records
