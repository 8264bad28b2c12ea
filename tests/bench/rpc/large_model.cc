#include "tests/bench/rpc/large_model.h"

#include <unistd.h>

#include <fstream>
#include <random>
#include <vector>

#include "tests/unit/model/format/graph_builder.h"

namespace recurd::bench {
namespace {

namespace fs = std::filesystem;

constexpr int kUnits = 128;

std::string LargeModel() {
  std::mt19937 random(1);
  const auto weights = [&random](int count) {
    std::vector<float> values(static_cast<size_t>(count));
    for (float& value : values) value = static_cast<float>(random() % 2001) * 1e-4F - 0.1F;
    return values;
  };
  GraphBuilder g;
  const std::string x = g.Input("x", {-1, 1, 1});
  auto layer = g.Node(
      "layer", "GRU",
      {x, g.Floats({1, 3 * kUnits, 1}, weights(3 * kUnits)),
       g.Floats({1, 3 * kUnits, kUnits}, weights(3 * kUnits * kUnits)), g.Floats({1, 6 * kUnits}, weights(6 * kUnits))},
      2);
  layer.Set("hidden_size", kUnits).Set("linear_before_reset", 1);
  const std::string rows = g.Node("rows", "Squeeze", {layer, g.Integers({1})});
  g.Output(g.Node("y", "MatMul", {rows, g.Floats({kUnits, 1}, weights(kUnits))}));
  return g.Bytes();
}

}  // namespace

LargeModelRepository::LargeModelRepository()
    : path_(fs::temp_directory_path() / ("recurd_rpc_bench_" + std::to_string(getpid()))) {
  fs::copy(RECURD_SOURCE_DIR "/deploy/models", path_, fs::copy_options::recursive);
  fs::create_directories(path_ / "large/1");
  std::ofstream(path_ / "large/1/model.onnx") << LargeModel();
}

LargeModelRepository::~LargeModelRepository() { fs::remove_all(path_); }

}  // namespace recurd::bench
