#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "server/base/clock.h"
#include "server/pipeline/xrt/xrt_pipeline.h"
#include "tests/virtual_board/board_client.h"
#include "tests/virtual_board/xclbin_writer.h"

namespace recurd {

// A virtual board that was just switched on, for pipelines through XRT itself.
class VirtualBoardTest : public testing::Test {
 protected:
  VirtualBoardTest() : keeps_driver_(0u) { PowerCycle(); }
  ~VirtualBoardTest() override {
    pipeline_.reset();
    PowerCycle();
    std::filesystem::remove_all(folder_);
  }

  // Xclbins of a design in a folder of its own: design.xclbin, and aie_only.xclbin beside it.
  std::string WriteXclbins(const emu::Placement& placement) {
    using virtual_board::XclbinKind;
    WriteXclbin("aie_only.xclbin", placement, XclbinKind::kAie);
    return WriteXclbin("design.xclbin", placement, XclbinKind::kFull);
  }
  std::string WriteXclbin(const std::string& name, const emu::Placement& placement, virtual_board::XclbinKind kind) {
    const std::string path = (folder_ / name).string();
    std::ofstream(path, std::ios::binary) << virtual_board::MakeXclbin({&placement, 7, kind, {}});
    return path;
  }

  // A pipeline on a board with the smallest design of a mapping that hosts such a layer.
  XrtPipeline& Open(hw::Mapping mapping, const emu::LayerShape& layer, const board::BoardOptions& options = {}) {
    return Open(*emu::FindPlacement(mapping, layer), options);
  }
  XrtPipeline& Open(const emu::Placement& placement, const board::BoardOptions& options = {}) {
    pipeline_.reset();
    const auto opened = TryOpen(WriteXclbins(placement), options);
    EXPECT_TRUE(opened.ok()) << opened;
    return *pipeline_;
  }
  absl::Status TryOpen(const std::string& xclbin, const board::BoardOptions& options = {}) {
    auto device = board::OpenDevice({.xclbin = xclbin});
    if (!device.ok()) return device.status();
    auto pipeline = XrtPipeline::Make(*std::move(device), "auto", clock_, options);
    if (pipeline.ok()) pipeline_ = *std::move(pipeline);
    return pipeline.status();
  }

  void PowerCycle() {
    hooks_.set_faults("");
    hooks_.power_cycle();
  }

 private:
  const xrt::device keeps_driver_;

 protected:
  const virtual_board::BoardHooks hooks_;
  const std::filesystem::path folder_ = [] {
    std::string path = testing::TempDir() + "recurd_xrt_XXXXXX";
    if (mkdtemp(path.data()) == nullptr) ADD_FAILURE() << path;
    return path;
  }();
  const SteadyClock clock_;
  std::unique_ptr<XrtPipeline> pipeline_;
};

}  // namespace recurd
