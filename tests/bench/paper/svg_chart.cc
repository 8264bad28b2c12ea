#include "tests/bench/paper/svg_chart.h"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>

namespace recurd::bench {
namespace {

// The plot's frame within the picture.
constexpr double kLeft = 76, kTop = 56, kWidth = 600, kHeight = 340, kPictureWidth = 900, kPictureHeight = 515;

__attribute__((format(printf, 2, 3))) void Append(std::string* svg, const char* format, ...) {
  char text[512];
  va_list values;
  va_start(values, format);
  std::vsnprintf(text, sizeof(text), format, values);
  va_end(values);
  *svg += text;
}

struct Axes {
  double x_first, x_last, y_last;
  double X(double x) const {
    return kLeft + kWidth * (0.04 + 0.92 * std::log2(x / x_first) / std::log2(x_last / x_first));
  }
  double Y(double y) const { return kTop + kHeight * (1 - y / y_last); }
};

void Text(std::string* svg, double x, double y, const char* attributes, const std::string& text) {
  Append(svg, "<text x=\"%.1f\" y=\"%.1f\" %s>", x, y, attributes);
  *svg += text + "</text>\n";
}

void DrawAxes(const Chart& chart, const Axes& axes, double y_step, std::string* svg) {
  for (double y = 0; y <= axes.y_last; y += y_step) {
    Append(svg, "<path class=\"%s\" d=\"M%.0f %.1fh%.0f\"/>\n", y == 0 ? "axis" : "grid", kLeft, axes.Y(y), kWidth);
    Text(svg, kLeft - 10, axes.Y(y) + 4, "text-anchor=\"end\"", std::to_string(std::lround(y)));
  }
  for (const int x : chart.x_ticks) {
    Append(svg, "<path class=\"axis\" d=\"M%.1f %.0fv6\"/>\n", axes.X(x), kTop + kHeight);
    Text(svg, axes.X(x), kTop + kHeight + 21, "text-anchor=\"middle\"", std::to_string(x));
  }
  Text(svg, kLeft + kWidth / 2, kTop + kHeight + 42, "text-anchor=\"middle\"", chart.x_name);
  char turn[64];
  std::snprintf(turn, sizeof(turn), "text-anchor=\"middle\" transform=\"rotate(-90 24 %.0f)\"", kTop + kHeight / 2);
  Text(svg, 24, kTop + kHeight / 2, turn, chart.y_name);
}

void DrawMarker(const Series& series, double x, double y, std::string* svg) {
  if (series.square) {
    Append(svg, "<rect x=\"%.1f\" y=\"%.1f\" width=\"7\" height=\"7\"/>", x - 3.5, y - 3.5);
  } else {
    Append(svg, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.8\"/>", x, y);
  }
}

void DrawSeries(const Axes& axes, const Series& series, std::string* svg) {
  Append(svg, "<g stroke=\"%s\" fill=\"%s\"><polyline class=\"line\" points=\"", series.colour.c_str(),
         series.colour.c_str());
  for (const Point& point : series.line) Append(svg, "%.1f,%.1f ", axes.X(point.x), axes.Y(point.y));
  *svg += "\"/>";
  for (const Point& point : series.markers) DrawMarker(series, axes.X(point.x), axes.Y(point.y), svg);
  *svg += "</g>\n";
}

void DrawLegend(const Chart& chart, std::string* svg) {
  double y = kTop + 12;
  const double x = kLeft + kWidth + 22;
  for (const SeriesGroup& group : chart.groups) {
    Text(svg, x, y, "font-weight=\"bold\"", group.heading);
    for (const Series& series : group.series) {
      y += 22;
      Append(svg, "<g stroke=\"%s\" fill=\"%s\"><path class=\"line\" d=\"M%.0f %.0fh26\"/>", series.colour.c_str(),
             series.colour.c_str(), x, y - 4);
      DrawMarker(series, x + 13, y - 4, svg);
      *svg += "</g>\n";
      Text(svg, x + 34, y, "", series.label);
    }
    y += 40;
  }
}

}  // namespace

std::string RenderSvg(const Chart& chart) {
  double highest = 0;
  for (const SeriesGroup& group : chart.groups) {
    for (const Series& series : group.series) {
      for (const Point& point : series.line) highest = std::max(highest, point.y);
    }
  }
  const double y_step = highest > 600 ? 200 : 100;
  const double y_last = std::ceil(highest * 1.02 / y_step) * y_step;
  const Axes axes{static_cast<double>(chart.x_ticks.front()), static_cast<double>(chart.x_ticks.back()), y_last};
  std::string svg;
  Append(&svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" ",
         kPictureWidth, kPictureHeight, kPictureWidth, kPictureHeight);
  svg +=
      "role=\"img\" aria-labelledby=\"title desc\" font-family=\"Helvetica, Arial, sans-serif\" font-size=\"13\" "
      "fill=\"#1f2933\">\n<title id=\"title\">" +
      chart.title + "</title>\n<desc id=\"desc\">";
  for (const std::string& line : chart.caption) svg += line + " ";
  svg +=
      "</desc>\n<style>.axis { stroke: #52606d; } .grid { stroke: #e4e7eb; } "
      ".line { fill: none; stroke-width: 2; stroke-linejoin: round; }</style>\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n";
  Text(&svg, kLeft, 30, "font-size=\"16\" font-weight=\"bold\"", chart.title);
  DrawAxes(chart, axes, y_step, &svg);
  for (const SeriesGroup& group : chart.groups) {
    for (const Series& series : group.series) DrawSeries(axes, series, &svg);
  }
  DrawLegend(chart, &svg);
  double y = kPictureHeight - 16 - 17 * static_cast<double>(chart.caption.size() - 1);
  for (const std::string& line : chart.caption) {
    Text(&svg, kLeft, y, "font-size=\"12\" fill=\"#52606d\"", line);
    y += 17;
  }
  return svg + "</svg>\n";
}

}  // namespace recurd::bench
