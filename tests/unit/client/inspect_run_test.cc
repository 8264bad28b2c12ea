// recurctl inspect as a user runs it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/unit/client/shell.h"

namespace recurd {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kDigits[] = RECURD_SOURCE_DIR "/deploy/models/digits";

ShellResult RunInspect(const std::string& rest) { return RunShell(RECURCTL " inspect " + rest); }

std::string Temporary(const std::string& name) { return ::testing::TempDir() + "/" + name; }

TEST(InspectCommand, ShowsTheShippedModel) {
  const ShellResult result = RunInspect(kDigits);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, HasSubstr("Model digits version 1: "));
  EXPECT_THAT(result.output, HasSubstr("\n  streams      yes\n"));
  EXPECT_THAT(result.output, HasSubstr("  GRU       /gru/GRU      [T,1,8] -> [T,1,1,32]        4064"));
  EXPECT_THAT(result.output, HasSubstr("parameters   4362, "));
  EXPECT_THAT(result.output, HasSubstr("a session    128 bytes of state"));
}

TEST(InspectCommand, GivesJson) {
  const std::string script =
      " --json | /usr/bin/python3 -c \"import json,sys; r = json.load(sys.stdin); "
      "print(r['served'], r['streams'], r['totals']['parameters'], [n['op'] for n in r['graph']['nodes'] "
      "if n['fate'] == 'served'])\"";
  EXPECT_EQ(RunInspect(kDigits + script).output, "True True 4362 ['Div', 'GRU', 'Squeeze', 'MatMul', 'Add']\n");
}

TEST(InspectCommand, DrawsThePictureThatTheReadmeShows) {
  const std::string svg = Temporary("inspect_digits.svg");
  EXPECT_EQ(RunInspect(std::string(kDigits) + " --svg=" + svg).exit_code, 0);
  EXPECT_EQ(RunShell("cmp " + svg + " " RECURD_SOURCE_DIR "/deploy/pictures/inspect_digits.svg 2>&1").output, "");
}

// Every seed of the importer's fuzz target whole, cut and flipped: a report or an error, and what is printed and drawn
// can be parsed; never a crash.
TEST(InspectCommand, SurvivesHostileFiles) {
  const std::string folder = Temporary("inspect_hostile");
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(RECURD_SOURCE_DIR "/tests/fuzz/corpus/onnx_model")) {
    std::ifstream stream(entry.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
    for (size_t variant = 0; variant < 6; ++variant) {
      std::string hostile = bytes;
      if (variant > 0) hostile[bytes.size() * variant / 6] ^= static_cast<char>(1 << variant);
      if (variant == 5) hostile.resize(bytes.size() / 2);
      const std::string file = folder + "/" + std::to_string(count++);
      std::ofstream(file, std::ios::binary) << hostile;
      EXPECT_LE(RunInspect(file + " --json --svg=" + file + ".svg > " + file + ".json 2> /dev/null").exit_code, 1);
    }
  }
  const std::string parse =
      "/usr/bin/python3 -c \"import glob,json,sys,xml.etree.ElementTree as tree; "
      "[json.loads(t) for t in (open(f).read() for f in glob.glob(sys.argv[1] + '/*.json')) if t]; "
      "print(len([tree.parse(f) for f in glob.glob(sys.argv[1] + '/*.svg')]) >= 6)\" ";
  EXPECT_GE(count, 36);
  EXPECT_EQ(RunShell(parse + folder).output, "True\n");
}

TEST(InspectCommand, RefusesWithCodeOneWhatCantBeServed) {
  const ShellResult text = RunInspect(RECURD_SOURCE_DIR "/README.md 2>&1");
  EXPECT_EQ(text.exit_code, 1);
  EXPECT_THAT(text.output, HasSubstr("README.md: the file ("));
  EXPECT_EQ(RunInspect("/nowhere/a.onnx 2>/dev/null").exit_code, 1);
  const std::string odd = Temporary("odd.onnx");
  RunShell("sed s/RNN/RNX/ " RECURD_SOURCE_DIR "/tests/fuzz/corpus/onnx_model/rnn_with_activation > " + odd);
  const ShellResult report = RunInspect(odd + " 2>/dev/null");
  EXPECT_EQ(report.exit_code, 1);
  EXPECT_THAT(report.output, HasSubstr("not served   RNX (1 node)"));
}

TEST(InspectCommand, HasHelpAndNamesWrongUsage) {
  const ShellResult help = RunInspect("--help");
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.output, StartsWith("usage: recurctl inspect FILE|DIR/model/version [flags]"));
  EXPECT_EQ(RunInspect("2>&1").exit_code, 2);
  const ShellResult unwritable = RunInspect(std::string(kDigits) + " --svg=/nowhere/x.svg 2>&1");
  EXPECT_EQ(unwritable.exit_code, 1);
  EXPECT_THAT(unwritable.output, HasSubstr("--svg=/nowhere/x.svg: can't be written"));
}

}  // namespace
}  // namespace recurd
