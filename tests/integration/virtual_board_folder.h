#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace recurd {

// What a daemon with --pipeline=xrt needs, in a folder of its own: the xclbins of the smallest design, a
// repository with the one model that fits it, and the file of the board's fault switches (tests/virtual_board).
class VirtualBoardFolder {
 public:
  VirtualBoardFolder() {
    namespace fs = std::filesystem;
    fs::create_directories(path_ / "models");
    fs::copy(RECURD_SOURCE_DIR "/deploy/models/digits", path_ / "models/digits", fs::copy_options::recursive);
    MakeXclbin("design.xclbin", "--kind=full");
    MakeXclbin("aie_only.xclbin", "--kind=aie");
    setenv("RECURD_VIRTUAL_BOARD_FAULT_FILE", (path_ / "faults").c_str(), 1);
    unsetenv("RECURD_VIRTUAL_BOARD_FAULT");
  }
  ~VirtualBoardFolder() { std::filesystem::remove_all(path_); }
  VirtualBoardFolder(const VirtualBoardFolder&) = delete;

  std::string Path(const std::string& name) const { return (path_ / name).string(); }
  void MakeXclbin(const std::string& name, const std::string& flags) const {
    const std::string command = RECURD_BINARY_DIR "/bin/make_xclbin " + flags + " " + Path(name) + " >/dev/null";
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
  }

  std::vector<std::string> Flags(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> flags = {"--pipeline=xrt", "--xclbin=" + Path("design.xclbin"),
                                      "--model_repository=" + Path("models")};
    flags.insert(flags.end(), more.begin(), more.end());
    return flags;
  }

  // Replaces all switches; their events count from here. A daemon that runs sees it with its next job or call.
  void SetFaults(const std::string& switches) const {
    std::ofstream(path_ / "faults.new") << switches << '\n';
    std::filesystem::rename(path_ / "faults.new", path_ / "faults");
  }

 private:
  const std::filesystem::path path_ = [] {
    std::string path = testing::TempDir() + "recurd_xrt_XXXXXX";
    if (mkdtemp(path.data()) == nullptr) ADD_FAILURE() << path;
    return path;
  }();
};

}  // namespace recurd
