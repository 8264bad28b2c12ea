#include "server/exporter/http_listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "tests/unit/exporter/http_client.h"

namespace recurd {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Seconds = std::chrono::duration<double>;

std::unique_ptr<HttpListener> Listener(std::string page = "page\n", const std::string& address = "127.0.0.1:0") {
  auto listener = HttpListener::Start(address, "/metrics", [page] { return page; });
  EXPECT_TRUE(listener.ok()) << listener.status();
  return *std::move(listener);
}

Seconds Since(std::chrono::steady_clock::time_point start) { return std::chrono::steady_clock::now() - start; }

TEST(HttpListener, AnswersItsPathWithThePageAndCloses) {
  auto listener = Listener();
  const std::string answer = Ask(listener->port(), "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("Content-Length: 5\r\n"),
                            HasSubstr("Connection: close\r\n"), EndsWith("\r\n\r\npage\n")));
}

TEST(HttpListener, TakesARequestInPiecesAndAQuery) {
  auto listener = Listener();
  RawClient client(listener->port());
  client.Send("GET /metrics?a=b HT");
  client.Send("TP/1.0\r\n\r");
  client.Send("\n");
  EXPECT_THAT(client.ReadAll(), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST(HttpListener, ServesNothingElse) {
  auto listener = Listener();
  const int port = listener->port();
  EXPECT_THAT(Ask(port, "GET / HTTP/1.1\r\n\r\n"), AllOf(StartsWith("HTTP/1.1 404 "), HasSubstr("/metrics")));
  EXPECT_THAT(Ask(port, "GET /metrics/../etc/passwd HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(Ask(port, "PUT /metrics HTTP/1.1\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 405 "), HasSubstr("\r\nAllow: GET\r\n")));
}

TEST(HttpListener, SurvivesNoise) {
  auto listener = Listener();
  const int port = listener->port();
  EXPECT_THAT(Ask(port, "\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(Ask(port, "GET\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(Ask(port, "GET /metrics SPDY/9\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(Ask(port, std::string("\x16\x03\x01\0\xff \0 \r\n\r\n", 12)), StartsWith("HTTP/1.1 "));
  EXPECT_THAT(Ask(port, std::string(8192, 'a')), StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(Ask(port, "GET /metrics HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
}

TEST(HttpListener, ASilentClientHoldsThePortForASecondAtMost) {
  auto listener = Listener();
  const auto start = std::chrono::steady_clock::now();
  RawClient silent(listener->port());
  RawClient half(listener->port());
  half.Send("GET /met");
  EXPECT_THAT(Ask(listener->port(), "GET /metrics HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(half.ReadAll(), StartsWith("HTTP/1.1 408 "));
  EXPECT_LT(Since(start).count(), 4);
}

TEST(HttpListener, DeliversAPageLargerThanTheSocketsBuffers) {
  const std::string page(16 << 20, 'x');
  auto listener = Listener(page);
  EXPECT_THAT(Ask(listener->port(), "GET /metrics HTTP/1.1\r\n\r\n").size(), testing::Gt(page.size()));
}

TEST(HttpListener, StopsAtOnceWhileAClientIsSilentOrDoesNotRead) {
  auto listener = Listener(std::string(16 << 20, 'x'));
  RawClient lazy(listener->port());
  lazy.Send("GET /metrics HTTP/1.1\r\n\r\n");
  RawClient silent(listener->port());
  const auto start = std::chrono::steady_clock::now();
  listener.reset();
  EXPECT_LT(Since(start).count(), 0.5);
}

TEST(HttpListener, NamesTheAddressThatIsTaken) {
  auto first = Listener();
  const std::string address = "127.0.0.1:" + std::to_string(first->port());
  const auto second = HttpListener::Start(address, "/metrics", [] { return ""; });
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

TEST(HttpListener, NamesAnAddressThatIsNotOfThisMachine) {
  const auto listener = HttpListener::Start("192.0.2.1:8002", "/metrics", [] { return ""; });
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
  const auto listener = HttpListener::Start(GetParam(), "/metrics", [] { return ""; });
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
