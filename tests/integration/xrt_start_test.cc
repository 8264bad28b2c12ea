// How the daemon starts, or says why it doesn't, on boards that aren't as they should be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/integration/child.h"
#include "tests/integration/digits_client.h"
#include "tests/integration/virtual_board_folder.h"

namespace recurd {
namespace {

using ::testing::HasSubstr;

constexpr int kCouldNotStart = 1, kWrongFlags = 2;

// The daemon's end, and what it says.
void ExpectNoStart(std::vector<std::string> flags, int code, const std::vector<std::string>& says) {
  flags.insert(flags.begin(), {RECURD_BINARY_DIR "/bin/recurd", "--listen=127.0.0.1:0", "--metrics_listen=off"});
  Child daemon(flags);
  EXPECT_EQ(daemon.Wait(), code) << daemon.log();
  for (const std::string& part : says) EXPECT_THAT(daemon.log(), HasSubstr(part));
}

struct Start {
  const char* name;
  const char* switches;
  std::vector<std::string> says;
};
class XrtStartTest : public testing::TestWithParam<Start> {};
INSTANTIATE_TEST_SUITE_P(
    Faults, XrtStartTest,
    testing::Values(
        Start{"magic", "magic", {"MAGIC is 0x52435245, not 0x52435244", "BOOT.BIN"}},
        Start{"foreign", "foreign", {"MAGIC is 0x00000000, not 0x52435244", "BOOT.BIN"}},
        Start{"abi", "abi", {"speaks ABI 17.0, and this program 1.0", "from one revision"}},
        Start{"geometry", "geometry", {"has 40 units, 8 inputs", "recurctl plan"}},
        Start{"numerics", "numerics", {"NUMERICS 0x", "recurctl plan"}},
        Start{"build", "build", {"build 0x80000001, and the xclbin is of 0x00000001", "BOOT.BIN"}},
        Start{"load", "load", {"--xclbin="}}, Start{"alloc", "alloc", {"a buffer of"}},
        Start{"exec", "exec", {"the kernels fetch and store"}}, Start{"update", "update", {"parameter gru."}},
        Start{"lost", "lost", {"--device=0", "--pipeline=cpu"}},
        Start{"hang", "hang", {"fault 'hang'", "--pipeline=cpu"}},
        Start{"dirty_for_ever", "dirty,no_pl_reset", {"the board doesn't do its jobs", "switch it off and on"}}),
    [](const auto& info) { return std::string(info.param.name); });

TEST_P(XrtStartTest, IsRefusedNamingTheValuesAndTheWayOut) {
  const VirtualBoardFolder folder;
  std::ofstream(folder.Path("build_id")) << "0x00000001\n";
  folder.SetFaults(GetParam().switches);
  ExpectNoStart(folder.Flags(), kCouldNotStart, GetParam().says);
}

TEST(XrtStartFileTest, AnXclbinThatIsNoneOrNotThereOrForeignIsNamed) {
  const VirtualBoardFolder folder;
  folder.MakeXclbin("foreign.xclbin", "--kind=foreign");
  std::ofstream(folder.Path("text")) << "hello, I am no xclbin";
  const auto with = [&](const std::string& flag) { return folder.Flags({flag}); };
  ExpectNoStart(with("--xclbin="), kWrongFlags, {"needs --xclbin=FILE"});
  ExpectNoStart(with("--xclbin=/nowhere/a.xclbin"), kCouldNotStart, {"--xclbin=/nowhere/a.xclbin: can't be read"});
  ExpectNoStart(with("--xclbin=" + folder.Path("text")), kWrongFlags, {folder.Path("text") + ": is no xclbin"});
  for (const size_t bytes : {100, 1000}) {
    const std::string cut = folder.Path("cut.xclbin");
    std::filesystem::copy_file(folder.Path("foreign.xclbin"), cut, std::filesystem::copy_options::overwrite_existing);
    std::filesystem::resize_file(cut, bytes);
    ExpectNoStart(with("--xclbin=" + cut), kWrongFlags, {cut + ": is cut off"});
  }
  ExpectNoStart(with("--xclbin=" + folder.Path("foreign.xclbin")), kCouldNotStart,
                {"MAGIC is 0xffffffff, not 0x52435244", "give its xclbin"});
}

TEST(XrtStartFileTest, ADirtyBoardIsCleanedOrRefusedWhereNothingCanCleanIt) {
  const VirtualBoardFolder folder;
  folder.SetFaults("dirty");
  const Digits digits = LoadDigits();
  const Daemon board(folder.Flags()), sim({"--pipeline=sim", "--mapping=lanes"});
  ASSERT_NE(board.address(), "") << board.log();
  EXPECT_EQ(ReadDigits(board, "digits", digits, 3).logits, ReadDigits(sim, "digits", digits, 3).logits);
  ExpectNoStart(folder.Flags({"--aie_xclbin=/nowhere/b.xclbin"}), kCouldNotStart,
                {"--aie_xclbin=/nowhere/b.xclbin: can't be read"});
}

}  // namespace
}  // namespace recurd
