#pragma once

#include <string>
#include <vector>

namespace recurd::bench {

struct Point {
  double x, y;
};

// A line in `colour`, and round or square markers.
struct Series {
  std::string label, colour;
  bool square = false;
  std::vector<Point> line, markers;
};

// Series that share a heading in the legend, top to bottom.
struct SeriesGroup {
  std::string heading;
  std::vector<Series> series;
};

// x from the first tick to the last on a logarithmic scale, y from zero. Texts are plain: no markup.
struct Chart {
  std::string title, x_name, y_name;
  std::vector<std::string> caption;  // lines below
  std::vector<int> x_ticks;
  std::vector<SeriesGroup> groups;
};

std::string RenderSvg(const Chart& chart);

}  // namespace recurd::bench
