// What the driver of --pipeline=xrt takes of a step for itself, beside what the library takes for starting a kernel and
// waiting for it: the way that it avoids. Both through AMD's own library, in one process, on a board that takes no time
// (instant_board.cc), in alternated blocks.
//   bar driver_ratio   median over the pairs of p50(step) / p50(xrt::run start + wait): at most 0.5
#include <xrt/xrt_bo.h>
#include <xrt/xrt_device.h>
#include <xrt/xrt_kernel.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/pipeline/xrt/xrt_pipeline.h"
#include "tests/virtual_board/xclbin_writer.h"

namespace recurd {
namespace {

constexpr int kPairs = 15, kRepeats = 2000, kChunk = 64;
constexpr double kBar = 0.5;

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

template <typename F>
double MedianNs(F call) {
  std::vector<double> ns(kRepeats);
  for (double& t : ns) {
    const auto start = std::chrono::steady_clock::now();
    call();
    t = std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count();
  }
  return Median(ns);
}

template <typename T>
T Check(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  std::fprintf(stderr, "driver_bench: %s\n", std::string(value.status().message()).c_str());
  std::exit(1);
}

// A GRU of 32 units and 8 inputs, and nothing else.
std::shared_ptr<const Model> OneLayer() {
  auto model = std::make_shared<Model>();
  model->input_size = 8;
  model->output_size = 32;
  model->frame_size = 40;
  model->inputs.push_back({.name = "x", .row = {0, 8}, .shape = {-1, 1, 8}, .frame = {0, 8}});
  model->outputs.push_back({.name = "h", .row = {0, 32}, .shape = {-1, 1, 32}, .frame = {8, 32}});
  model->initial_state.resize(32);
  model->ops.push_back(RecurrentOp{.cell = CellKind::kGru,
                                   .linear_before_reset = true,
                                   .activations = {{UnaryKind::kSigmoid}, {UnaryKind::kTanh}},
                                   .in = {0, 8},
                                   .out = {8, 32},
                                   .input_weights = {96, 8, std::vector<float>(96 * 8)},
                                   .recurrent_weights = {96, 32, std::vector<float>(96 * 32)},
                                   .input_bias = std::vector<float>(96),
                                   .recurrent_bias = std::vector<float>(96),
                                   .name = "layer"});
  model->state_op_count = 1;
  return model;
}

// A session of one model on a board with one kind of rings.
class Stepper {
 public:
  Stepper(const std::string& xclbin, board::Caching caching)
      : pipeline_(Check(XrtPipeline::Make(Check(board::OpenDevice({.xclbin = xclbin, .aie_xclbin = xclbin})), "auto",
                                          clock_, {.caching = caching}))),
        prepared_(Check(pipeline_->Prepare(model_))) {}

  void Run(int steps, bool switched) {
    RunResult result;
    const uint64_t key = switched ? ++last_key_ : last_key_;
    pipeline_->Start({.model = prepared_.get(),
                      .state_key = key,
                      .next_state_key = ++last_key_,
                      .state = model_->initial_state.data(),
                      .next_state = state_,
                      .inputs = inputs_,
                      .outputs = outputs_,
                      .steps = steps});
    while (!pipeline_->Poll(&result)) {
    }
    if (result.outcome != RunResult::Outcome::kOk) std::abort();
  }

 private:
  const SteadyClock clock_;
  const std::shared_ptr<const Model> model_ = OneLayer();
  std::unique_ptr<XrtPipeline> pipeline_;
  std::unique_ptr<PreparedModel> prepared_;
  uint64_t last_key_ = 1;
  float state_[32] = {}, inputs_[kChunk * 8] = {}, outputs_[kChunk * 32] = {};
};

std::string WriteXclbin() {
  const emu::Placement* placement = emu::FindPlacement(hw::kMappingLanes, {32, 8, hw::LaneCell::kGruAfter});
  const std::string path = RECURD_BINARY_DIR "/instant_board/design.xclbin";
  std::ofstream(path, std::ios::binary) << virtual_board::MakeXclbin(
      {placement, 1, virtual_board::XclbinKind::kFull, {}});
  return path;
}

int Main() {
  setenv("XILINX_XRT", RECURD_BINARY_DIR "/instant_board/root", 1);
  const std::string xclbin = WriteXclbin();
  xrt::device device(0u);
  const xrt::uuid uuid = device.load_xclbin(xclbin);
  const xrt::kernel kernel(device, uuid, "fetch");
  xrt::bo memory(device, 4096, kernel.group_id(0));
  xrt::run run(kernel);
  run.set_arg(0, memory);
  run.set_arg(1, 0u);
  Stepper uncached(xclbin, board::Caching::kUncached);
  std::vector<double> run_ns, step_ns, switch_ns, chunk_ns, ratios;
  for (int pair = 0; pair < kPairs; ++pair) {
    run_ns.push_back(MedianNs([&] {
      run.start();
      run.wait();
    }));
    step_ns.push_back(MedianNs([&] { uncached.Run(1, false); }));
    switch_ns.push_back(MedianNs([&] { uncached.Run(1, true); }));
    chunk_ns.push_back(MedianNs([&] { uncached.Run(kChunk, false); }) / kChunk);
    ratios.push_back(step_ns.back() / run_ns.back());
  }
  const double ratio = Median(ratios);
  std::printf("GRU, 32 units, 8 inputs; the board takes no time; medians of %d blocks of %d\n", kPairs, kRepeats);
  std::printf("  xrt::run start + wait           %8.0f ns\n", Median(run_ns));
  std::printf("  one step, all of Start and Poll %8.0f ns\n", Median(step_ns));
  std::printf("  one step with a switched state  %8.0f ns\n", Median(switch_ns));
  std::printf("  a step of a chunk of %d         %8.0f ns\n", kChunk, Median(chunk_ns));
  std::printf("bar driver_ratio %.2f %.2f %s\n", ratio, kBar, ratio <= kBar ? "ok" : "short");
  return ratio <= kBar ? 0 : 1;
}

}  // namespace
}  // namespace recurd

int main() { return recurd::Main(); }
