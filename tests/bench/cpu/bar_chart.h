#pragma once

#include <string>
#include <vector>

namespace recurd::bench {

// A value for each series; NaN: none.
struct BarGroup {
  std::string label;
  std::vector<double> values = {};
};
struct BarPanel {
  std::string title;
  std::vector<BarGroup> groups = {};
};
struct BarSeries {
  std::string label, colour;
};

// Panels side by side on one logarithmic scale. Bars stand on 1 and hang from it where they are less. Texts are plain:
// no markup.
struct BarChart {
  std::string title, y_name;
  std::vector<std::string> caption = {};  // lines below
  std::vector<BarSeries> series = {};
  std::vector<BarPanel> panels = {};
};

std::string RenderSvg(const BarChart& chart);

}  // namespace recurd::bench
