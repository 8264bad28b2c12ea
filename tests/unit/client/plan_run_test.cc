// recurctl plan as a user runs it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/client/shell.h"

namespace recurd {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kDigits[] = RECURD_SOURCE_DIR "/deploy/models/digits/1/model.onnx";

ShellResult Plan(const std::string& rest) { return RunShell(RECURCTL " plan " + rest); }

TEST(PlanCommand, ShowsTheTilesOfEachMappingAndTheBest) {
  const ShellResult result = Plan(kDigits);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, HasSubstr("Model digits: 8 inputs, 10 outputs, 1 recurrent layer"));
  EXPECT_THAT(result.output, HasSubstr("Every time and rate is modelled, none measured."));
  EXPECT_THAT(result.output, HasSubstr("\n* lanes             12 "));
  EXPECT_THAT(result.output, HasSubstr("\n  hybrid           289 "));
  EXPECT_THAT(result.output, HasSubstr("\n  aie              292 "));
  EXPECT_THAT(result.output, HasSubstr("289 tiles: 96 W x, 64 U h, 32 U h with reset, 96 bias, 1 update"));
  EXPECT_THAT(result.output, HasSubstr("On the PS: dense 32 -> 10"));
  EXPECT_THAT(result.output, HasSubstr("with 3 sessions interleaved"));
  EXPECT_THAT(result.output, HasSubstr("9 copies of it on the device"));
  EXPECT_THAT(result.output, HasSubstr("nearest limits:"));
  EXPECT_THAT(result.output, HasSubstr("a step waits for the state"));
}

TEST(PlanCommand, GivesJson) {
  const std::string script =
      " | /usr/bin/python3 -c \"import json,sys; p = json.load(sys.stdin); "
      "print(p['best'], p['modelled'], [m['tiles'] for m in p['layers'][0]['mappings']])\"";
  EXPECT_EQ(Plan(std::string(kDigits) + " --json" + script).output, "lanes True [12, 22, 289, 292, 12]\n");
  const std::string lanes =
      " | /usr/bin/python3 -c \"import json,sys; m = json.load(sys.stdin)['layers'][0]['mappings'][0]; "
      "turns = m['planned_interleaving']; print(m['planned_copies']['count'], turns['sessions'], turns['period_ns'], "
      "len(m['limits']) > 0, len(m['parts']) > 0)\"";
  EXPECT_EQ(Plan(std::string(kDigits) + " --json" + lanes).output, "9 3 59.2 True True\n");
  const std::string sweep =
      " | /usr/bin/python3 -c \"import json,sys; p = json.load(sys.stdin); "
      "print(p['tables'][0]['steady_ns'][p['units'].index(32)][0])\"";
  EXPECT_EQ(Plan("--sweep --mapping=hybrid --cell=gru_before --json" + sweep).output, "457.6\n");
}

TEST(PlanCommand, DrawsATileARectInWellFormedXml) {
  const std::string svg = ::testing::TempDir() + "/plan.svg";
  for (const std::string mapping : {"lanes", "cascade", "hybrid", "aie"}) {
    const ShellResult result = Plan(std::string(kDigits) + " --json --mapping=" + mapping + " --svg=" + svg +
                                    " | /usr/bin/python3 -c \"import json,sys,xml.etree.ElementTree as tree; "
                                    "m = json.load(sys.stdin)['layers'][0]['mappings'][0]; "
                                    "classes = [e.get('class') for e in tree.parse(sys.argv[1]).iter()]; "
                                    "print(classes.count('tile') == m['tiles'], "
                                    "classes.count('plio') == m['plios_in'] + m['plios_out'])\" " +
                                    svg);
    EXPECT_EQ(result.output, "True True\n") << mapping;
  }
}

TEST(PlanCommand, DrawsThePictureThatTheReadmeShows) {
  const std::string svg = ::testing::TempDir() + "/plan_digits.svg";
  EXPECT_EQ(Plan(std::string(kDigits) + " --svg=" + svg).exit_code, 0);
  EXPECT_EQ(RunShell("cmp " + svg + " " RECURD_SOURCE_DIR "/deploy/pictures/plan_digits.svg 2>&1").output, "");
}

TEST(PlanCommand, RefusesWhatIsNoModelNamingTheFile) {
  const ShellResult text = Plan(RECURD_SOURCE_DIR "/README.md 2>&1");
  EXPECT_EQ(text.exit_code, 1);
  EXPECT_THAT(text.output, HasSubstr("README.md: "));
  const ShellResult missing = Plan("/nowhere/a.onnx 2>&1");
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_THAT(missing.output, HasSubstr("/nowhere/a.onnx: there is no such file; give an ONNX model"));
  EXPECT_EQ(Plan("/tmp 2>&1").exit_code, 1);
}

TEST(PlanCommand, SaysWhyNothingFitsWithCodeOne) {
  const ShellResult result = Plan(std::string(kDigits) + " --mapping=aie --weight_sets=16 2>&1");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.output, HasSubstr("33088 bytes of data memory in the fullest tile, but the limit is 32768"));
  EXPECT_THAT(result.output, HasSubstr("recurctl: model digits doesn't fit with --mapping=aie"));
}

TEST(PlanCommand, HasHelpAndNamesWrongUsage) {
  const ShellResult help = Plan("--help");
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.output, StartsWith("usage: recurctl plan FILE"));
  EXPECT_EQ(Plan("2>&1").exit_code, 2);
  EXPECT_THAT(Plan("2>&1").output, HasSubstr("FILE is missing; give an ONNX model, or --sweep"));
  EXPECT_EQ(Plan("--sweep --svg=x 2>&1").exit_code, 2);
  EXPECT_THAT(Plan("--mapping=best x 2>&1").output, HasSubstr("--mapping=best: give one of auto, lanes, cascade"));
  const ShellResult unwritable = Plan(std::string(kDigits) + " --svg=/nowhere/x.svg 2>&1");
  EXPECT_EQ(unwritable.exit_code, 1);
  EXPECT_THAT(unwritable.output, HasSubstr("--svg=/nowhere/x.svg: can't be written"));
}

}  // namespace
}  // namespace recurd
