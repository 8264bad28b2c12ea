// recurctl's commands about sessions and recordings, as a user runs them, against a real daemon.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "recurd/client.h"
#include "recurd/durable_session.h"
#include "tests/integration/child.h"
#include "tests/unit/client/fake_server.h"
#include "tests/unit/client/shell.h"

namespace recurd {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kModels[] = RECURD_SOURCE_DIR "/deploy/models";
constexpr char kRows[] = RECURD_SOURCE_DIR "/deploy/models/digits/held_out.csv --columns=p0-p7";

ShellResult Recurctl(const std::string& words) { return RunShell(RECURCTL " " + words + " 2>&1"); }
std::string Temp(const std::string& name) { return ::testing::TempDir() + "/sessions_run_" + name; }

class SessionCommandsTest : public ::testing::Test {
 protected:
  ShellResult Run(const std::string& words) { return Recurctl(words + " --server=" + daemon_.address()); }
  Session Open(const std::string& model = "digits") {
    auto session = client_.Open(model);
    EXPECT_TRUE(session.ok()) << session.status();
    EXPECT_TRUE(session->Step(std::vector<float>(8, 1)).ok());
    return *std::move(session);
  }

  Daemon daemon_;
  const Client client_ = *Client::Connect(daemon_.address());
};

TEST_F(SessionCommandsTest, SessionsShowsWhoIsThere) {
  const Session one = Open(), other = Open("digits_reset_before");
  const ShellResult all = Run("sessions");
  EXPECT_EQ(all.exit_code, 0);
  EXPECT_THAT(all.output, HasSubstr("HANDLE   MODEL"));
  EXPECT_THAT(all.output, HasSubstr("@1       digits "));
  EXPECT_THAT(all.output, HasSubstr("@2       digits_reset_before"));
  EXPECT_THAT(all.output, HasSubstr("attached"));
  EXPECT_THAT(all.output, Not(HasSubstr(one.opened().session_id())));
  EXPECT_THAT(Run("sessions --model=digits").output, Not(HasSubstr("@2")));
  EXPECT_THAT(Run("sessions --json").output, HasSubstr("{\"handle\":\"@1\",\"model\":\"digits\",\"version\":\"1\","
                                                       "\"next_step\":\"1\""));
}

TEST_F(SessionCommandsTest, AStateGoesFromOneDaemonToAnother) {
  Session session = Open();
  const std::string file = Temp("state");
  const ShellResult exported = Run("export @1 --out=" + file);
  EXPECT_EQ(exported.exit_code, 0) << exported.output;
  EXPECT_EQ(exported.output, file + ": model digits version 1 after 1 steps\n");
  const auto expected = session.Step(std::vector<float>(8, 2));
  const Daemon other;
  const std::string words = "import " + file + " --server=" + other.address();
  const ShellResult imported = RunShell(RECURCTL " " + words);
  EXPECT_THAT(imported.output, HasSubstr(" after 1 steps\n"));
  v1::Open open;
  open.set_model("digits");
  open.set_mode(v1::Open::ATTACH);
  open.set_session_id(imported.output.substr(0, imported.output.find(' ')));
  auto attached = Client::Connect(other.address())->Open(open);
  ASSERT_TRUE(attached.ok()) << attached.status();
  EXPECT_EQ(*attached->Step(std::vector<float>(8, 2)), *expected);
  EXPECT_THAT(Recurctl("import " + file + " --model=digits_reset_before --server=" + other.address()).output,
              HasSubstr("fingerprint"));
}

TEST_F(SessionCommandsTest, CloseEndsAllThatItNames) {
  Session one = Open(), two = Open();
  const ShellResult result = Run("close @1 " + two.opened().session_id() + " @99");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.output, HasSubstr("@1 closed before step 1\nsession closed before step 1\n"));
  EXPECT_THAT(result.output, HasSubstr("no session @99"));
  EXPECT_EQ(EndOf(one.Step(std::vector<float>(8, 1)).status())->reason(), v1::Ended::EVICTED);
  EXPECT_EQ(EndOf(two.Step(std::vector<float>(8, 1)).status())->reason(), v1::Ended::CLOSED);
  EXPECT_EQ(Run("close").exit_code, 2);
}

TEST_F(SessionCommandsTest, TopShowsHowFastSessionsStep) {
  Session session = Open();
  std::thread steps([&] {
    for (int i = 0; i < 30; ++i) {
      EXPECT_TRUE(session.Step(std::vector<float>(8, 1)).ok());
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
  const ShellResult result = Run("top --iterations=2 --interval=0.2");
  steps.join();
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, HasSubstr("1 of 16384 sessions, 0 detached"));
  EXPECT_THAT(result.output, ::testing::ContainsRegex("@1 .* - attached"));
  EXPECT_THAT(result.output, ::testing::ContainsRegex("@1 .* [1-9][0-9]*\\.[0-9] attached"));
}

TEST_F(SessionCommandsTest, ARecordingIsReplayedBitForBitHereAndThere) {
  const std::string file = Temp("recording");
  const ShellResult recorded = Run("record --model=digits --chunk=3 --out=" + file + " --input=" + std::string(kRows));
  EXPECT_EQ(recorded.exit_code, 0) << recorded.output;
  const std::string same = "the same: 1600 steps in 200 sequences, 16000 outputs, bit for bit";
  EXPECT_THAT(Recurctl("replay " + file + " --model_repository=" + kModels).output, HasSubstr(same));
  EXPECT_THAT(Run("replay " + file).output, HasSubstr(same));
  EXPECT_THAT(Run("sessions").output, Not(HasSubstr("@")));
}

TEST_F(SessionCommandsTest, ARecordingMayBeginInTheMiddleAndHaveFewerOutputs) {
  const Session session = Open();
  const std::string state = Temp("start"), file = Temp("middle");
  ASSERT_EQ(Run("export @1 --out=" + state).exit_code, 0);
  for (const std::string outputs : {"every", "last", "last_of_sequence", "3"}) {
    ASSERT_EQ(Run("record --model=digits --chunk=5 --outputs=" + outputs + " --state=" + state + " --out=" + file +
                  " --input=" + kRows)
                  .exit_code,
              0);
    EXPECT_EQ(Recurctl("replay " + file + " --model_repository=" + kModels).exit_code, 0) << outputs;
    EXPECT_EQ(Run("replay " + file).exit_code, 0) << outputs;
  }
}

TEST_F(SessionCommandsTest, AReplayNamesTheFirstStepThatDiffers) {
  const std::string file = Temp("differs");
  // What the real daemon gives, told of a model that the fake has.
  const FakeServer fake;
  ASSERT_EQ(RunShell("printf 'sequence,a,b\\n7,1,1\\n7,2,0\\n8,3000,1\\n' | " RECURCTL
                     " record --model=sum --chunk=2 --input=- --out=" +
                     file + " --server=" + fake.address() + " 2>&1")
                .exit_code,
            1);  // the fake refuses 3000 once
  FakeServer other;
  other.Script({{Mishap::kOtherBits, 0}});
  const ShellResult differs = Recurctl("replay " + file + " --server=" + other.address());
  EXPECT_EQ(differs.exit_code, 1);
  EXPECT_THAT(differs.output, HasSubstr("step 0 of sequence 1 differs: output 0 is 3 (0x40400000), recorded was 2 "
                                        "(0x40000000)"));
  const FakeServer changed({.profile = "f32/other"});
  EXPECT_THAT(Recurctl("replay " + file + " --server=" + changed.address()).output,
              HasSubstr("under numerics profile 'f32/fake'; the daemon has"));
  EXPECT_THAT(Recurctl("replay " + file + " --model_repository=" + kModels).output, HasSubstr("sum"));
  EXPECT_EQ(Recurctl("replay " + file).exit_code, 2);
}

TEST_F(SessionCommandsTest, ARestartOfTheDaemonInTheMiddleOfAStreamLosesNothing) {
  const std::string undisturbed = Temp("undisturbed"), disturbed = Temp("disturbed"), log = Temp("log");
  const std::string rows = "--input=" + std::string(kRows);
  ASSERT_EQ(RunShell(RECURCTL " stream --model=digits " + rows + " --server=" + daemon_.address() + " >" + undisturbed +
                     " 2>/dev/null")
                .exit_code,
            0);
  auto daemon = std::make_unique<Daemon>();
  const std::string address = daemon->address();
  std::thread restart([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    daemon->Signal(SIGKILL);
    daemon->Wait();
    daemon = std::make_unique<Daemon>(std::vector<std::string>{"--listen=" + address});
  });
  // Rows that come slowly, so that the restart falls among them.
  const ShellResult stream = RunShell(
      "/usr/bin/python3 -c 'import sys,time\nfor n, l in enumerate(open(sys.argv[1])):\n"
      " sys.stdout.write(l); sys.stdout.flush(); time.sleep(0.001)' " RECURD_SOURCE_DIR
      "/deploy/models/digits/held_out.csv | " RECURCTL " stream --model=digits --input=- --columns=p0-p7 --server=" +
      address + " >" + disturbed + " 2>" + log);
  restart.join();
  EXPECT_EQ(stream.exit_code, 0);
  EXPECT_EQ(RunShell("cmp " + undisturbed + " " + disturbed + " 2>&1").output, "");
  EXPECT_THAT(RunShell("cat " + log).output, HasSubstr("recurctl: the session goes on at " + address));
}

TEST(SessionCommands, PageThroughAndGiveJson) {
  FakeServer fake;
  fake.AddSessions(5);
  const ShellResult result = Recurctl("sessions --server=" + fake.address());
  for (const char* line : {"@1 ", "@2 ", "@3 ", "@4 ", "@5 ", "1.0 min"}) EXPECT_THAT(result.output, HasSubstr(line));
  EXPECT_EQ(RunShell(RECURCTL " sessions --json --server=" + fake.address() + " | wc -l").output, "5\n");
}

}  // namespace
}  // namespace recurd
