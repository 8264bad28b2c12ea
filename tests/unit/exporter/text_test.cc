#include "server/exporter/text.h"

#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include <limits>

#include "server/exporter/collect.h"

namespace recurd {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

void ExpectAsTheLibrary(const std::vector<MetricFamily>& families) {
  EXPECT_EQ(ToText(families), prometheus::TextSerializer().Serialize(families));
}

ClientMetric Gauge(std::vector<ClientMetric::Label> labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.gauge.value = value;
  return metric;
}

TEST(TextTest, WritesEveryNumberAsTheLibraryDoes) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  MetricFamily family{"recurd_x", "What x is.", MetricType::Gauge, {}};
  for (const double value : {0.0, -0.0, 1.0, 0.1, 1.0 / 3, 1e-7, 0.0001, 12345678901234567890.0, 1e300, 5e-324,
                             kInfinity, -kInfinity, std::numeric_limits<double>::quiet_NaN()}) {
    family.metric.push_back(Gauge({}, value));
  }
  ExpectAsTheLibrary({family});
}

TEST(TextTest, EscapesLabelsAsTheLibraryDoes) {
  ExpectAsTheLibrary(
      {{"recurd_x", "", MetricType::Gauge, {Gauge({{"a", "quote \" slash \\ line\nend"}, {"b", ""}}, 1)}},
       {"recurd_none", "None.", MetricType::Counter, {}}});
}

TEST(TextTest, WritesHistogramsAsTheLibraryDoes) {
  ClientMetric bare, labelled;
  bare.histogram = {3, 0.25, {{1, 1e-7}, {2, 0.0001}, {2, 0.001}}};
  labelled.histogram = bare.histogram;
  labelled.label = {{"model", "m"}};
  ExpectAsTheLibrary({{"recurd_h_seconds", "H.", MetricType::Histogram, {bare, labelled}}});
}

TEST(TextTest, WritesAllThatIsCountedAsTheLibraryDoes) {
  Metrics metrics;
  metrics.server.sessions_opened.Add();
  std::vector<MetricFamily> families = Collect(metrics, {"1.0", "r", "cpu", "f32", "AVX3"}, {});
  ExpectAsTheLibrary(families);
}

}  // namespace
}  // namespace recurd
