// What a server that isn't Redis, or means ill, can do to a connection.
#include "server/session/store/redis_link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <thread>

#include "tests/unit/fakes/listening_socket.h"
#include "tests/unit/session/store/redis_server.h"

namespace recurd {
namespace {

using Kind = RedisReply::Kind;
using ::testing::HasSubstr;

// Answers whatever comes first with `answer`, and then says no more.
class FalseServer {
 public:
  explicit FalseServer(std::string answer)
      : thread_([this, answer = std::move(answer)] {
          const int peer = accept(socket_.fd(), nullptr, nullptr);
          char asked[256];
          if (recv(peer, asked, sizeof asked, 0) > 0) send(peer, answer.data(), answer.size(), MSG_NOSIGNAL);
          while (recv(peer, asked, sizeof asked, 0) > 0) {
          }
          close(peer);
        }) {}
  ~FalseServer() { thread_.join(); }
  RedisAddress address() const { return {"127.0.0.1", static_cast<uint16_t>(socket_.port())}; }

 private:
  const ListeningSocket socket_;
  std::thread thread_;
};

absl::StatusOr<RedisReply> ReplyTo(const std::string& answer) {
  FalseServer server(answer);
  auto link = RedisLink::Connect(server.address(), "");
  EXPECT_TRUE(link.ok()) << link.status();
  (*link)->Send({"PING"});
  return (*link)->Receive();
}

TEST(RedisLinkTest, WordsAndAnswersMayHoldAnyBytes) {
  const RedisServer server;
  const auto link = server.Connect();
  const std::string bytes("\0\r\n\xff*$", 6);
  ASSERT_TRUE(link->Ask({"SET", bytes, bytes}).ok());
  EXPECT_EQ(link->Ask({"GET", bytes})->text, bytes);
  EXPECT_EQ(link->Ask({"GET", "nothing"})->kind, Kind::kNothing);
  EXPECT_EQ(link->Ask({"DBSIZE"})->number, 1);
}

TEST(RedisLinkTest, AnErrorIsAReplyAndTheConnectionGoesOn) {
  const RedisServer server;
  const auto link = server.Connect();
  link->Send({"NONSENSE"});
  EXPECT_THAT(link->Receive()->text, HasSubstr("unknown command"));
  EXPECT_EQ(link->Ask({"NONSENSE"}).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(link->Ask({"PING"}).ok());
}

TEST(RedisLinkTest, NobodyThereIsAnErrorThatNamesTheAddress) {
  const RedisAddress nobody = {"127.0.0.1", static_cast<uint16_t>(ListeningSocket().port())};
  const auto link = RedisLink::Connect(nobody, "");
  EXPECT_EQ(link.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(link.status().message()), HasSubstr(nobody.ToString()));
}

TEST(RedisLinkTest, AServerThatSaysNothingIsGivenUp) {
  EXPECT_EQ(ReplyTo("").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReplyTo("$10\r\nabc").status().code(), absl::StatusCode::kUnavailable);
}

TEST(RedisLinkTest, LongListsAndWhatIsNoAnswerEndTheConnection) {
  EXPECT_FALSE(ReplyTo("*1000000000\r\n").ok());
  EXPECT_FALSE(ReplyTo("*17\r\n").ok());
  EXPECT_FALSE(ReplyTo("$99999999999999999999\r\n").ok());
  EXPECT_FALSE(ReplyTo("HTTP/1.1 400 Bad Request\r\n\r\n").ok());
  EXPECT_FALSE(ReplyTo(std::string(100, '\0')).ok());
}

TEST(RedisLinkTest, ListsInListsEndTheConnection) {
  EXPECT_FALSE(ReplyTo("*2\r\n:1\r\n*1\r\n*1\r\n*1\r\n:5\r\n").ok());
}

}  // namespace
}  // namespace recurd
