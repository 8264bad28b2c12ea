// The daemon as a process with --pipeline=xrt, through AMD's library on the virtual board (tests/virtual_board).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/integration/child.h"
#include "tests/integration/digits_client.h"
#include "tests/integration/scrape.h"

namespace recurd {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

int System(const std::string& command) { return std::system(command.c_str()); }

struct DesignCase {
  const char* model;
  const char* mapping;
  const char* cell;
};
constexpr DesignCase kDesigns[] = {{"digits", "lanes", "gru_after"},
                                   {"digits", "hybrid", "gru_after"},
                                   {"digits_reset_before", "lanes", "gru_before"},
                                   {"digits_reset_before", "hybrid", "gru_before"}};

// A folder with a design's xclbins and a repository with the one model that fits it.
class XrtDaemonTest : public testing::TestWithParam<DesignCase> {
 protected:
  XrtDaemonTest() {
    fs::create_directories(folder_ / "models");
    fs::copy(fs::path(RECURD_SOURCE_DIR "/deploy/models") / GetParam().model, folder_ / "models" / GetParam().model,
             fs::copy_options::recursive);
    for (const char* kind : {"full", "aie"}) {
      EXPECT_EQ(System(std::string(RECURD_BINARY_DIR "/bin/make_xclbin --mapping=") + GetParam().mapping +
                       " --cell=" + GetParam().cell + " --kind=" + kind + " " + Xclbin(kind) + " >/dev/null"),
                0);
    }
    unsetenv("RECURD_VIRTUAL_BOARD_FAULT");
  }
  ~XrtDaemonTest() override { fs::remove_all(folder_); }

  std::string Xclbin(const std::string& kind = "full") const {
    return (folder_ / (kind == "aie" ? "aie_only.xclbin" : "design.xclbin")).string();
  }
  std::vector<std::string> Flags() const {
    return {"--pipeline=xrt", "--xclbin=" + Xclbin(), "--model_repository=" + (folder_ / "models").string()};
  }

  // What recurctl stream says to the held-out digits.
  std::string Stream(const Daemon& daemon, int chunk) const {
    const std::string out = (folder_ / "out.csv").string();
    const std::string input = RECURD_SOURCE_DIR "/deploy/models/digits/held_out.csv";
    EXPECT_EQ(System(std::string(RECURD_BINARY_DIR "/bin/recurctl stream --server=") + daemon.address() +
                     " --model=" + GetParam().model + " --input=" + input +
                     " --columns=p0-p7 --chunk=" + std::to_string(chunk) + " >" + out + " 2>/dev/null"),
              0);
    std::ostringstream text;
    text << std::ifstream(out).rdbuf();
    return text.str();
  }

  const fs::path folder_ = [] {
    std::string path = testing::TempDir() + "recurd_xrt_XXXXXX";
    if (mkdtemp(path.data()) == nullptr) ADD_FAILURE() << path;
    return path;
  }();
};

INSTANTIATE_TEST_SUITE_P(Designs, XrtDaemonTest, testing::ValuesIn(kDesigns),
                         [](const auto& info) { return std::string(info.param.model) + "_" + info.param.mapping; });

TEST_P(XrtDaemonTest, StreamsTheBitsOfSim) {
  const Daemon board(Flags()), sim({"--pipeline=sim", std::string("--mapping=") + GetParam().mapping});
  const std::string expected = Stream(sim, 3);
  EXPECT_GT(expected.size(), 200u * 8 * 10);
  EXPECT_EQ(Stream(board, 1), expected);
  EXPECT_EQ(Stream(board, 3), expected);
}

TEST_P(XrtDaemonTest, GivesTheNumericsAndModelledTimesOfSim) {
  const Daemon board(Flags()), sim({"--pipeline=sim", std::string("--mapping=") + GetParam().mapping});
  const auto ours = Client(board).GetModel(GetParam().model), theirs = Client(sim).GetModel(GetParam().model);
  EXPECT_EQ(ours.numerics_profile(), theirs.numerics_profile());
  EXPECT_EQ(ours.placement().mapping(), theirs.placement().mapping());
  EXPECT_EQ(ours.placement().modelled().steady_ns(), theirs.placement().modelled().steady_ns());
  EXPECT_THAT(board.log(), AllOf(HasSubstr("pipeline xrt on "), HasSubstr("modelled: first step")));
}

TEST_P(XrtDaemonTest, AFaultNowAndThenChangesNoBit) {
  const Daemon sim({"--pipeline=sim", std::string("--mapping=") + GetParam().mapping});
  setenv("RECURD_VIRTUAL_BOARD_FAULT", "corrupt@200,half@350,stale@500,refuse:1@700", 1);
  const Daemon board(Flags());
  EXPECT_EQ(Stream(board, 1), Stream(sim, 1));
  EXPECT_EQ(Scraped(board, "recurd_pipeline_recoveries_total{rung=\"retry\"}"), 4);
}

TEST_P(XrtDaemonTest, ABoardThatAnswersNoMoreIsRepairedAndNoBitChanges) {
  const Daemon sim({"--pipeline=sim", std::string("--mapping=") + GetParam().mapping});
  setenv("RECURD_VIRTUAL_BOARD_FAULT", "stuck@300", 1);
  Daemon board(Flags());
  EXPECT_EQ(Stream(board, 1), Stream(sim, 1));
  EXPECT_NE(board.WaitForLine("is repaired"), "");
}

TEST_P(XrtDaemonTest, AProbeMeasuresTheBoardAndWritesWhatSimReads) {
  const std::string timing = (folder_ / "timing.txt").string(), report = (folder_ / "report.json").string();
  EXPECT_EQ(System(RECURD_BINARY_DIR "/bin/recurctl probe --json --xclbin=" + Xclbin() + " --timing_file=" + timing +
                   " >" + report),
            0);
  std::ostringstream json;
  json << std::ifstream(report).rdbuf();
  for (const char* key : {"register_read_ns", "register_write_ns", "doorbell_to_done_ns", "first_ns", "steady_ns",
                          "switch_ns", "uncached", "cacheable"}) {
    EXPECT_THAT(json.str(), HasSubstr(std::string("\"") + key + "\":"));
  }
  const Daemon sim({"--pipeline=sim", "--timing_file=" + timing});
  EXPECT_FALSE(sim.address().empty());
}

TEST_P(XrtDaemonTest, AModelOfAnotherCellIsAnErrorAtTheStart) {
  std::vector<std::string> argv = {
      RECURD_BINARY_DIR "/bin/recurd", "--listen=127.0.0.1:0",
      "--metrics_listen=off",          "--pipeline=xrt",
      "--xclbin=" + Xclbin(),          "--model_repository=" RECURD_SOURCE_DIR "/deploy/models"};
  Child daemon(argv);
  EXPECT_EQ(daemon.Wait(), 1);
  EXPECT_THAT(daemon.log(), AllOf(HasSubstr("doesn't fit the board"), HasSubstr("--pipeline=cpu")));
}

TEST(XrtDaemonStartTest, WithoutABoardItSaysWhatToDo) {
  const std::string xclbin = testing::TempDir() + "recurd_some.xclbin";
  ASSERT_EQ(System(RECURD_BINARY_DIR "/bin/make_xclbin " + xclbin + " >/dev/null"), 0);
  const std::string root = getenv("XILINX_XRT");
  for (const char* place : {"", "/nowhere"}) {
    *place == '\0' ? unsetenv("XILINX_XRT") : setenv("XILINX_XRT", place, 1);
    Child daemon({RECURD_BINARY_DIR "/bin/recurd", "--pipeline=xrt", "--xclbin=" + xclbin,
                  "--model_repository=" RECURD_SOURCE_DIR "/deploy/models"});
    EXPECT_EQ(daemon.Wait(), 1);
    EXPECT_THAT(daemon.log(), AllOf(HasSubstr("--device=0"), HasSubstr("XILINX_XRT"), HasSubstr("--pipeline=cpu")));
  }
  setenv("XILINX_XRT", root.c_str(), 1);
  fs::remove(xclbin);
}

}  // namespace
}  // namespace recurd
