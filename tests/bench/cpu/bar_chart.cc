#include "tests/bench/cpu/bar_chart.h"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>

namespace recurd::bench {
namespace {

constexpr double kLeft = 70, kTop = 96, kWidth = 810, kHeight = 300, kGap = 24, kPictureWidth = 900;

__attribute__((format(printf, 2, 3))) void Append(std::string* svg, const char* format, ...) {
  char text[512];
  va_list values;
  va_start(values, format);
  std::vsnprintf(text, sizeof(text), format, values);
  va_end(values);
  *svg += text;
}

void Text(std::string* svg, double x, double y, const char* attributes, const std::string& text) {
  Append(svg, "<text x=\"%.1f\" y=\"%.1f\" %s>", x, y, attributes);
  *svg += text + "</text>\n";
}

// Whole powers of ten around all values and 1.
struct Scale {
  double first = 0, last = 1;  // decimal logarithms
  double Y(double value) const { return kTop + kHeight * (last - std::log10(value)) / (last - first); }
};
Scale ScaleOf(const BarChart& chart) {
  Scale scale;
  for (const BarPanel& panel : chart.panels) {
    for (const BarGroup& group : panel.groups) {
      for (const double value : group.values) {
        if (std::isnan(value)) continue;
        scale.first = std::min(scale.first, std::floor(std::log10(value)));
        scale.last = std::max(scale.last, std::ceil(std::log10(value)));
      }
    }
  }
  return scale;
}

void DrawGrid(const Scale& scale, double left, double width, bool with_numbers, std::string* svg) {
  for (double power = scale.first; power <= scale.last; ++power) {
    const double value = std::pow(10, power);
    Append(svg, "<path stroke=\"%s\" d=\"M%.1f %.1fh%.1f\"/>\n", power == 0 ? "#52606d" : "#e4e7eb", left,
           scale.Y(value), width);
    char number[16];
    std::snprintf(number, sizeof number, "%g", value);
    if (with_numbers) Text(svg, left - 8, scale.Y(value) + 4, "text-anchor=\"end\"", number);
  }
}

void DrawBar(const Scale& scale, double x, double width, double value, const std::string& colour, std::string* svg) {
  const double top = scale.Y(std::max(value, 1.0)), bottom = scale.Y(std::min(value, 1.0));
  Append(svg, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n", x, top, width, bottom - top,
         colour.c_str());
  char number[16];
  std::snprintf(number, sizeof number, value < 10 ? "%.1f" : "%.0f", value);
  Text(svg, x + width / 2, top - 3, "text-anchor=\"middle\" font-size=\"9\"", number);
}

void DrawPanel(const BarChart& chart, const BarPanel& panel, const Scale& scale, double left, double width,
               std::string* svg) {
  Text(svg, left + width / 2, kTop - 16, "text-anchor=\"middle\" font-weight=\"bold\"", panel.title);
  const double group_width = width / static_cast<double>(std::max<size_t>(panel.groups.size(), 1));
  const double bar_width = group_width * 0.84 / static_cast<double>(chart.series.size());
  double x = left;
  for (const BarGroup& group : panel.groups) {
    for (size_t i = 0; i < group.values.size(); ++i) {
      if (std::isnan(group.values[i])) continue;
      DrawBar(scale, x + group_width * 0.08 + static_cast<double>(i) * bar_width, bar_width - 1, group.values[i],
              chart.series[i].colour, svg);
    }
    Text(svg, x + group_width / 2, kTop + kHeight + 18, "text-anchor=\"middle\" font-size=\"11\"", group.label);
    x += group_width;
  }
}

void DrawLegend(const BarChart& chart, std::string* svg) {
  double x = kLeft;
  for (const BarSeries& series : chart.series) {
    Append(svg, "<rect x=\"%.1f\" y=\"44\" width=\"12\" height=\"12\" fill=\"%s\"/>", x, series.colour.c_str());
    Text(svg, x + 18, 54, "", series.label);
    x += 200;
  }
}

}  // namespace

std::string RenderSvg(const BarChart& chart) {
  const Scale scale = ScaleOf(chart);
  const double height = kTop + kHeight + 44 + 17 * static_cast<double>(chart.caption.size());
  std::string svg;
  Append(&svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" ",
         kPictureWidth, height, kPictureWidth, height);
  svg +=
      "role=\"img\" aria-labelledby=\"title\" font-family=\"Helvetica, Arial, sans-serif\" font-size=\"13\" "
      "fill=\"#1f2933\">\n<title id=\"title\">" +
      chart.title + "</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n";
  Text(&svg, kLeft, 28, "font-size=\"16\" font-weight=\"bold\"", chart.title);
  DrawLegend(chart, &svg);
  char turn[64];
  std::snprintf(turn, sizeof turn, "text-anchor=\"middle\" transform=\"rotate(-90 20 %.0f)\"", kTop + kHeight / 2);
  Text(&svg, 20, kTop + kHeight / 2, turn, chart.y_name);
  const auto count = static_cast<double>(chart.panels.size());
  const double width = (kWidth - kGap * (count - 1)) / count;
  double left = kLeft;
  for (const BarPanel& panel : chart.panels) {
    DrawGrid(scale, left, width, left == kLeft, &svg);
    DrawPanel(chart, panel, scale, left, width, &svg);
    left += width + kGap;
  }
  double y = kTop + kHeight + 46;
  for (const std::string& line : chart.caption) {
    Text(&svg, kLeft, y, "font-size=\"12\" fill=\"#52606d\"", line);
    y += 17;
  }
  return svg + "</svg>\n";
}

}  // namespace recurd::bench
