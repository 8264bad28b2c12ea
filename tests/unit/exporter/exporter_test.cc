#include "server/exporter/exporter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "tests/unit/exporter/http_client.h"

namespace recurd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::unique_ptr<Exporter> StartExporter(const Metrics& metrics, const std::string& address = "127.0.0.1:0") {
  auto exporter = Exporter::Start(address, metrics, {.version = "1.2.3"});
  EXPECT_TRUE(exporter.ok()) << exporter.status();
  return *std::move(exporter);
}

TEST(Exporter, AnswersAScrapeWithTheCounts) {
  Metrics metrics;
  auto exporter = StartExporter(metrics);
  metrics.server.sessions_opened.Add(41);
  EXPECT_THAT(Ask(exporter->port(), "GET /metrics HTTP/1.1\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("\nrecurd_sessions_opened_total 41\n"),
                    HasSubstr("\nrecurd_build_info{version=\"1.2.3\"")));
}

TEST(Exporter, WritesEdgesAsShortNumbersAndEndsWithInf) {
  Metrics metrics;
  metrics.AddModel("digits", "cpu", 333'000)->chunk.Record(20'000'000'000);
  EXPECT_THAT(
      StartExporter(metrics, "off")->Text(),
      AllOf(HasSubstr("\nrecurd_chunk_latency_seconds_bucket{model=\"digits\",pipeline=\"cpu\",le=\"1e-07\"} 0\n"),
            HasSubstr("le=\"3.15e-06\"} 0\n"), HasSubstr("le=\"0.000333\"} 0\n"), HasSubstr("le=\"10\"} 0\n"),
            HasSubstr("le=\"+Inf\"} 1\n")));
}

TEST(Exporter, TellsOfModelsAsTheyAreLoadedAndUnloaded) {
  Metrics metrics;
  auto exporter = StartExporter(metrics, "off");
  exporter->SetModels({{"digits", "2", "0123456789abcdef", "cpu"}});
  EXPECT_THAT(exporter->Text(), HasSubstr("recurd_model_info{model=\"digits\",version=\"2\""));
  exporter->SetModels({});
  EXPECT_THAT(exporter->Text(), Not(HasSubstr("recurd_model_info{")));
}

TEST(Exporter, ListensOnNothingWhenSwitchedOff) {
  Metrics metrics;
  EXPECT_EQ(StartExporter(metrics, "off")->port(), 0);
  EXPECT_EQ(StartExporter(metrics, "")->port(), 0);
}

std::string Scrape(const Exporter& exporter, const std::string& header) {
  return Ask(exporter.port(), "GET /metrics HTTP/1.1\r\n" + header + "\r\n");
}

TEST(Exporter, WithTokensAnswersThoseWithTheRoleMetricsOnly) {
  const auto tokens = [](const std::string& text) { return std::make_shared<const Tokens>(*Tokens::Parse(text)); };
  Metrics metrics;
  auto exporter = Exporter::Start("127.0.0.1:0", metrics, {},
                                  tokens("prometheus metrics 0123456789abcdef\nward stream fedcba9876543210\n"));
  ASSERT_TRUE(exporter.ok());
  EXPECT_THAT(Scrape(**exporter, "Authorization: Bearer 0123456789abcdef\r\n"), StartsWith("HTTP/1.1 200 OK\r\n"));
  for (const char* header : {"", "Authorization: Bearer fedcba9876543210\r\n", "Authorization: Basic abc\r\n",
                             "Authorization: Bearer 0123456789abcdeX\r\n", "Authorization:\r\n"}) {
    EXPECT_THAT(Scrape(**exporter, header),
                AllOf(StartsWith("HTTP/1.1 401 "), HasSubstr("WWW-Authenticate: Bearer"), Not(HasSubstr("recurd_"))))
        << header;
  }
  (*exporter)->SetTokens(tokens("ward metrics fedcba9876543210\n"));
  EXPECT_THAT(Scrape(**exporter, "Authorization: Bearer fedcba9876543210\r\n"), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(Scrape(**exporter, "Authorization: Bearer 0123456789abcdef\r\n"), StartsWith("HTTP/1.1 401 "));
}

TEST(Exporter, SaysWhyItCannotListen) {
  Metrics metrics;
  auto first = StartExporter(metrics);
  const std::string taken = "127.0.0.1:" + std::to_string(first->port());
  EXPECT_EQ(Exporter::Start(taken, metrics, {}).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Exporter::Start("nowhere", metrics, {}).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(Exporter, IsScrapedWhileAnotherThreadServes) {
  Metrics metrics;
  auto exporter = StartExporter(metrics);
  auto model = metrics.AddModel("digits", "cpu", 1'000'000);
  std::atomic<bool> stop{false};
  std::thread serving([&] {
    for (int64_t i = 0; !stop; ++i) {
      for (LatencyHistogram& stage : model->stage) stage.Record(i % 5'000'000);
      model->steps.Add();
      metrics.server.sessions_active.Set(i);
    }
  });
  for (int i = 0; i < 20; ++i) {
    metrics.AddModel("model" + std::to_string(i % 3), "cpu", 1'000'000);
    exporter->SetModels({{"digits", std::to_string(i), "", "cpu"}});
    EXPECT_THAT(Ask(exporter->port(), "GET /metrics HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 200 OK\r\n"));
  }
  stop = true;
  serving.join();
}

}  // namespace
}  // namespace recurd
