#include "server/exporter/text.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"

namespace recurd {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

std::string Number(double value) {
  if (std::isnan(value)) return "Nan";
  if (std::isinf(value)) return value < 0 ? "-Inf" : "+Inf";
  char text[32];
  constexpr int kDigits = std::numeric_limits<double>::max_digits10 - 1;
  const auto end = std::to_chars(std::begin(text), std::end(text), value, std::chars_format::general, kDigits).ptr;
  return {text, end};
}

std::string Escaped(const std::string& value) {
  std::string text;
  for (const char c : value) {
    if (c == '\\' || c == '"') text += '\\';
    c == '\n' ? text += "\\n" : text += c;
  }
  return text;
}

// As a="1",b="2".
std::string LabelText(const ClientMetric& metric) {
  std::string text;
  for (const ClientMetric::Label& label : metric.label) {
    absl::StrAppend(&text, text.empty() ? "" : ",", label.name, "=\"", Escaped(label.value), "\"");
  }
  return text;
}

class Writer {
 public:
  explicit Writer(size_t expected_size) { text_.reserve(expected_size); }

  void Add(const MetricFamily& family) {
    const bool is_counter = family.type == MetricType::Counter;
    const bool is_histogram = family.type == MetricType::Histogram;
    if (!family.help.empty()) absl::StrAppend(&text_, "# HELP ", family.name, " ", family.help, "\n");
    absl::StrAppend(&text_, "# TYPE ", family.name,
                    is_counter     ? " counter\n"
                    : is_histogram ? " histogram\n"
                                   : " gauge\n");
    for (const ClientMetric& metric : family.metric) {
      if (is_histogram) {
        AddHistogram(family.name, metric);
      } else {
        AddLine(family.name, LabelText(metric), Number(is_counter ? metric.counter.value : metric.gauge.value));
      }
    }
  }

  std::string Take() { return std::move(text_); }

 private:
  void AddLine(absl::string_view name, absl::string_view labels, absl::string_view value) {
    labels.empty() ? absl::StrAppend(&text_, name, " ", value, "\n")
                   : absl::StrAppend(&text_, name, "{", labels, "} ", value, "\n");
  }

  void AddHistogram(const std::string& name, const ClientMetric& metric) {
    const std::string labels = LabelText(metric);
    AddLine(absl::StrCat(name, "_count"), labels, absl::StrCat(metric.histogram.sample_count));
    AddLine(absl::StrCat(name, "_sum"), labels, Number(metric.histogram.sample_sum));
    const std::string head = absl::StrCat(name, "_bucket{", labels, labels.empty() ? "" : ",", "le=\"");
    for (const ClientMetric::Bucket& bucket : metric.histogram.bucket) {
      absl::StrAppend(&text_, head, Edge(bucket.upper_bound), "\"} ", bucket.cumulative_count, "\n");
    }
    absl::StrAppend(&text_, head, "+Inf\"} ", metric.histogram.sample_count, "\n");
  }

  // Histograms share their edges, and printing a double takes longer than all else of a line.
  const std::string& Edge(double edge) {
    std::string& text = edges_[edge];
    if (text.empty()) text = Number(edge);
    return text;
  }

  std::string text_;
  absl::flat_hash_map<double, std::string> edges_;
};

}  // namespace

std::string ToText(const std::vector<MetricFamily>& families) {
  constexpr size_t kLineBytes = 100;
  size_t lines = 0;
  for (const MetricFamily& family : families) {
    for (const ClientMetric& metric : family.metric) lines += metric.histogram.bucket.size() + 3;
  }
  Writer writer(kLineBytes * lines);
  for (const MetricFamily& family : families) writer.Add(family);
  return writer.Take();
}

}  // namespace recurd
