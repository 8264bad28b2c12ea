#include "server/exporter/http_listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/exporter/http_client.h"
#include "tests/unit/fakes/listening_socket.h"

namespace recurd {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Lt;
using ::testing::StartsWith;
using Seconds = std::chrono::duration<double>;

std::unique_ptr<HttpListener> Listener(const std::string& page = "page\n", const std::string& address = "127.0.0.1:0") {
  auto listener = HttpListener::Start(address, [page] { return page; });
  EXPECT_TRUE(listener.ok()) << listener.status();
  return *std::move(listener);
}

// Clients that have connected and say nothing.
std::vector<std::unique_ptr<RawClient>> Silent(int port, int count) {
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < count; ++i) clients.push_back(std::make_unique<RawClient>(port));
  return clients;
}

Seconds Since(std::chrono::steady_clock::time_point start) { return std::chrono::steady_clock::now() - start; }

TEST(HttpListener, AnswersItsPathWithThePageAndCloses) {
  auto listener = Listener();
  EXPECT_THAT(Ask(listener->port(), "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("\r\nContent-Length: 5\r\n"),
                    HasSubstr("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"),
                    HasSubstr("\r\nConnection: close\r\n"), EndsWith("\r\n\r\npage\n")));
}

TEST(HttpListener, AnswersHeadWithTheSizeAlone) {
  auto listener = Listener();
  EXPECT_THAT(Ask(listener->port(), "HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("\r\nContent-Length: 5\r\n"), EndsWith("\r\n\r\n")));
}

TEST(HttpListener, TakesARequestInPiecesAndAQuery) {
  auto listener = Listener();
  RawClient client(listener->port());
  client.Send("GET /metrics?a=b HT");
  client.Send("TP/1.0\r\n\r");
  client.Send("\n");
  EXPECT_THAT(client.ReadAll(), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), EndsWith("page\n")));
}

TEST(HttpListener, ServesNothingElse) {
  auto listener = Listener();
  const int port = listener->port();
  EXPECT_THAT(Ask(port, "GET / HTTP/1.1\r\n\r\n"), AllOf(StartsWith("HTTP/1.1 404 "), HasSubstr("/metrics")));
  EXPECT_THAT(Ask(port, "GET /metrics/../etc/passwd HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(Ask(port, "DELETE /metrics HTTP/1.1\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 405 "), HasSubstr("\r\nAllow: GET, HEAD\r\n")));
  EXPECT_THAT(Ask(port, "PUT /metrics HTTP/1.1\r\nContent-Length: 1000000000\r\n\r\nfirst"),
              StartsWith("HTTP/1.1 405 "))
      << "without waiting for the rest";
}

TEST(HttpListener, SurvivesNoise) {
  auto listener = Listener();
  const int port = listener->port();
  EXPECT_THAT(Ask(port, "GET\r\n\r\n"), IsEmpty());
  EXPECT_THAT(Ask(port, "GET /metrics SPDY/9\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(Ask(port, std::string("\x16\x03\x01\0\xff \0 \r\n\r\n", 12)), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(Ask(port, "GET /metrics HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
}

TEST(HttpListener, RefusesARequestOver16KiB) {
  auto listener = Listener();
  const std::string start = "GET /metrics HTTP/1.1\r\nA: ";
  EXPECT_THAT(Ask(listener->port(), start + std::string(8192, 'a') + "\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(Ask(listener->port(), start + std::string(16384, 'a')), StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(Ask(listener->port(), std::string(16384, 'a')), StartsWith("HTTP/1.1 414 "));
}

TEST(HttpListener, SilentClientsHoldItsSixteenConnectionsForThreeSecondsAtMost) {
  auto listener = Listener();
  auto silent = Silent(listener->port(), 15);
  RawClient half(listener->port());
  half.Send("GET /met");
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT(Ask(listener->port(), "GET /metrics HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(Since(start).count(), AllOf(Gt(2), Lt(5)));
  EXPECT_THAT(half.ReadAll(), IsEmpty());
}

TEST(HttpListener, ASilentClientHoldsUpNobody) {
  auto listener = Listener();
  auto silent = Silent(listener->port(), 15);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT(Ask(listener->port(), "GET /metrics HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_LT(Since(start).count(), 1);
}

TEST(HttpListener, MakesThePageWithLowPriority) {
  const int own = getpriority(PRIO_PROCESS, 0);
  const auto listener =
      HttpListener::Start("127.0.0.1:0", [] { return "nice " + std::to_string(getpriority(PRIO_PROCESS, 0)); });
  EXPECT_THAT(Ask((*listener)->port(), "GET /metrics HTTP/1.1\r\n\r\n"), EndsWith("nice 10"));
  EXPECT_EQ(getpriority(PRIO_PROCESS, 0), own);
}

TEST(HttpListener, DeliversAPageLargerThanTheSocketsBuffers) {
  const std::string page(16 << 20, 'x');
  auto listener = Listener(page);
  EXPECT_THAT(Ask(listener->port(), "GET /metrics HTTP/1.1\r\n\r\n").size(), Gt(page.size()));
}

TEST(HttpListener, AnswersWhoIsConnectedWhenItStops) {
  auto listener = *HttpListener::Start("127.0.0.1:0", [] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    return std::string("page\n");
  });
  RawClient client(listener->port());
  client.Send("GET /metrics HTTP/1.1\r\n\r\n");
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  listener.reset();
  EXPECT_THAT(client.ReadAll(), EndsWith("page\n"));
}

TEST(HttpListener, StopsSoonWhileClientsHoldAllItsConnections) {
  auto listener = Listener(std::string(16 << 20, 'x'));
  auto silent = Silent(listener->port(), 15);
  RawClient lazy(listener->port());
  lazy.Send("GET /metrics HTTP/1.1\r\n\r\n");
  lazy.ReadSome();
  RawClient waiting(listener->port());
  std::this_thread::sleep_for(std::chrono::milliseconds(200));  // until the listener's thread has nothing left to do
  const auto start = std::chrono::steady_clock::now();
  listener.reset();
  EXPECT_LT(Since(start).count(), 0.5);
}

TEST(HttpListener, NamesTheAddressThatIsTaken) {
  auto first = Listener();
  const std::string address = "127.0.0.1:" + std::to_string(first->port());
  const auto second = HttpListener::Start(address, [] { return ""; });
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()), AllOf(HasSubstr(address), HasSubstr("in use")));
}

TEST(HttpListener, CanHaveTheSamePortAgainAtOnce) {
  auto first = Listener();
  const int port = first->port();
  Ask(port, "GET /metrics HTTP/1.1\r\n\r\n");
  first.reset();
  EXPECT_EQ(Listener("again", "127.0.0.1:" + std::to_string(port))->port(), port);
}

TEST(HttpListener, TakesASocketOverThatListensAlready) {
  const ListeningSocket socket, v6("[::1]:0");
  auto listener = *HttpListener::TakeOver(socket.Duplicate(), [] { return "first"; });
  EXPECT_EQ(listener->port(), socket.port());
  EXPECT_THAT(Ask(socket.port(), "GET /metrics HTTP/1.1\r\n\r\n"), EndsWith("first"));
  listener.reset();
  RawClient waiting(socket.port());
  waiting.Send("GET /metrics HTTP/1.1\r\n\r\n");
  listener = *HttpListener::TakeOver(socket.Duplicate(), [] { return "second"; });
  EXPECT_THAT(waiting.ReadAll(), EndsWith("second"));
  EXPECT_EQ((*HttpListener::TakeOver(v6.Duplicate(), [] { return ""; }))->port(), v6.port());
}

TEST(HttpListener, NamesAnAddressThatIsNotOfThisMachine) {
  const auto listener = HttpListener::Start("192.0.2.1:8002", [] { return ""; });
  EXPECT_EQ(listener.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(listener.status().message()), HasSubstr("192.0.2.1:8002"));
}

TEST(HttpListener, TakesIpv6AndLocalhost) {
  EXPECT_GT(Listener("", "localhost:0")->port(), 0);
  EXPECT_GT(Listener("", "[::1]:0")->port(), 0);
  auto any = Listener("page", "[::]:0");
  EXPECT_THAT(Ask(any->port(), "GET /metrics HTTP/1.1\r\n\r\n"), EndsWith("page")) << "over IPv4 too";
}

class BadAddress : public testing::TestWithParam<const char*> {};

TEST_P(BadAddress, IsRefusedWithTheForm) {
  const auto listener = HttpListener::Start(GetParam(), [] { return ""; });
  EXPECT_EQ(listener.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(listener.status().message()), AllOf(HasSubstr(GetParam()), HasSubstr("127.0.0.1:8002")));
}

INSTANTIATE_TEST_SUITE_P(HttpListener, BadAddress,
                         testing::Values("", "8002", ":8002", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
                                         "127.0.0.1:-1", "127.0.0.1:+1", "127.0.0.1: 80", "127.0.0.1:8002s",
                                         "127.0.0.1:80,81", "::1:8002", "[::1]", "[]:8002", "[::1:8002",
                                         "[127.0.0.1]:1", "somewhere.example:8002", "unix:/tmp/x"));

}  // namespace
}  // namespace recurd
