// recurctl as a user runs it: its exit codes and what it prints, against a fake daemon.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/unit/client/fake_server.h"
#include "tests/unit/client/shell.h"

namespace recurd {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class RecurctlTest : public ::testing::Test {
 protected:
  // Runs `BEFORE recurctl COMMAND --server=... REST` in a shell. stderr joins stdout unless REST redirects it.
  ShellResult Run(const std::string& command, const std::string& rest = "", const std::string& before = "") {
    return RunShell(before + RECURCTL " " + command + " --server=" + server_.address() + " 2>&1 " + rest);
  }

  FakeServer server_;
};

TEST_F(RecurctlTest, ModelsListsModels) {
  const ShellResult result = Run("models");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, HasSubstr("sum                      1        READY"));
  EXPECT_EQ(Run("models --json").output,
            "{\"models\":[{\"name\":\"sum\",\"version\":\"1\",\"state\":\"READY\",\"whole_sequence_reason\":\"\"}]}\n");
}

TEST_F(RecurctlTest, ModelDescribesOne) {
  const ShellResult result = Run("model sum");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, HasSubstr("a step         2 floats in, 1 out"));
  EXPECT_THAT(result.output, HasSubstr("step time      250 ns, measured while warming"));
}

TEST_F(RecurctlTest, ModelSaysWhetherItStreamsOrWhyNot) {
  EXPECT_THAT(Run("model sum").output, HasSubstr("streams        yes\n"));
  EXPECT_THAT(Run("model whole").output,
              HasSubstr("streams        no: node 'bi' (LSTM): it runs backward; use recurctl infer\n"));
}

TEST_F(RecurctlTest, AnUnknownModelIsTheServersMessageAndCodeOne) {
  for (const char* command : {"model nope", "stream --model=nope --input=/dev/null",
                              "infer --model=nope --input=/dev/null", "bench --model=nope"}) {
    const ShellResult result = Run(command);
    EXPECT_EQ(result.exit_code, 1) << command;
    EXPECT_THAT(result.output, HasSubstr("model 'nope' is not served; there is sum"));
  }
}

TEST_F(RecurctlTest, HealthIsZeroOnlyWhenServing) {
  EXPECT_EQ(Run("health").exit_code, 0);
  EXPECT_EQ(Run("health").output, "SERVING\n");
  EXPECT_EQ(Run("health sick").exit_code, 1);
  EXPECT_EQ(Run("health sick --json").output, "{\"status\":\"NOT_SERVING\"}\n");
  EXPECT_EQ(Run("health nope").exit_code, 1);
}

TEST_F(RecurctlTest, InfoShowsTheServer) { EXPECT_THAT(Run("info").output, HasSubstr("chunk limit    64 steps")); }

TEST_F(RecurctlTest, WrongUsageIsCodeTwoAndListsTheChoices) {
  EXPECT_EQ(Run("").exit_code, 2);
  const ShellResult unknown = Run("modles");
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.output, HasSubstr("unknown command 'modles'"));
  EXPECT_THAT(unknown.output, HasSubstr("models   list the models"));
  EXPECT_THAT(Run("models --jsno").output, HasSubstr("unknown flag --jsno; there are --server"));
  for (const char* command :
       {"models --jsno", "model", "stream", "stream --model=sum", "bench", "bench --model=sum --streams=0",
        "stream --model=sum --input=- --outputs=none", "infer --model=sum --input=- --format=xml"}) {
    EXPECT_EQ(Run(command, "</dev/null").exit_code, 2) << command;
  }
}

TEST_F(RecurctlTest, EveryCommandHasHelp) {
  for (const std::string command : {"models", "model", "stream", "infer", "bench", "health", "info"}) {
    const ShellResult result = Run(command + " --help");
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_THAT(result.output, StartsWith("usage: recurctl " + command));
    EXPECT_THAT(result.output, HasSubstr("Default: 127.0.0.1:8001."));
  }
}

TEST_F(RecurctlTest, NobodyThereIsCodeThree) {
  for (const char* command : {"health", "models", "bench --model=sum", "stream --model=sum --input=/dev/null"}) {
    const ShellResult result = Run(command, "--server=127.0.0.1:1");
    EXPECT_EQ(result.exit_code, 3) << command;
    EXPECT_THAT(result.output, HasSubstr("127.0.0.1:1: nobody answers there"));
  }
}

TEST_F(RecurctlTest, StreamKeepsStateWithinASequenceAndBeginsAnewAtTheNext) {
  const ShellResult result =
      Run("stream --model=sum --input=-", "2>/dev/null", "printf 'sequence,a,b\\n7,1,1\\n7,2,0\\n8,5,0\\n8,1,0\\n' | ");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.output, "sequence,step,total\n7,0,2\n7,1,4\n8,0,5\n8,1,6\n");
}

TEST_F(RecurctlTest, StreamCutsChunksAtTheEndOfASequence) {
  const std::string rows = "printf 'sequence,a,b\\n7,1,1\\n7,2,0\\n7,1,0\\n8,5,0\\n' | ";
  const std::string command = "stream --model=sum --input=- --chunk=2 --outputs=";
  EXPECT_EQ(Run(command + "last", "2>/dev/null", rows).output, "sequence,step,total\n7,1,4\n7,2,5\n8,0,5\n");
  EXPECT_EQ(Run(command + "last_of_sequence", "2>/dev/null", rows).output, "sequence,step,total\n7,2,5\n8,0,5\n");
  EXPECT_EQ(Run(command + "2", "2>/dev/null", rows).output, "sequence,step,total\n7,1,4\n");
}

TEST_F(RecurctlTest, StreamAnswersARowOfAPipeBeforeTheNext) {
  const ShellResult result = RunShell(
      "bash -c 'coproc " RECURCTL " stream --model=sum --input=- --output_format=json --server=" + server_.address() +
      "; for row in 1,2 3,4; do echo $row >&${COPROC[1]}; read -t 5 line <&${COPROC[0]}; echo \"$line\"; done; "
      "exec {COPROC[1]}>&-; wait' 2>/dev/null");
  EXPECT_EQ(result.output,
            "{\"sequence\":\"0\",\"step\":0,\"outputs\":[3]}\n{\"sequence\":\"0\",\"step\":1,\"outputs\":[10]}\n");
}

TEST_F(RecurctlTest, StreamReadsRawFloats) {
  const ShellResult result = Run("stream --model=sum --input=- --format=f32", "2>/dev/null",
                                 "printf '\\0\\0\\200\\077\\0\\0\\0\\100' | ");  // 1.0f, 2.0f
  EXPECT_EQ(result.output, "sequence,step,total\n0,0,3\n");
}

TEST_F(RecurctlTest, StreamSaysHowMuchItDidAndWhyItStopped) {
  const ShellResult result =
      Run("stream --model=sum --input=- --checkpoint_steps=1", "", "printf '1,2\\n1000,0\\n' | ");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.output, HasSubstr("1 steps, 1 sequences in "));
  EXPECT_THAT(result.output, HasSubstr("last checkpoint after 1 steps"));
  EXPECT_THAT(result.output, HasSubstr("\nmodelled on the array, a message: p50 750 ns"));
  EXPECT_THAT(result.output, HasSubstr("FAILED, says the fake"));
}

TEST_F(RecurctlTest, ALostConnectionIsCodeThree) {
  const ShellResult result = Run("stream --model=sum --input=- --resume_timeout=0.2", "", "printf '2000,0\\n' | ");
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.output, HasSubstr("gone; no server of the list took the session within 0.2 s"));
}

TEST_F(RecurctlTest, StreamGoesOnWhereADaemonIsLostAndSaysSo) {
  FakeServer other;
  server_.Script({{Mishap::kBeforeOutputs, 1}});
  const std::string rows = "printf 'a,b\\n1,0\\n1,0\\n1,0\\n' | ";
  const std::string command = "stream --model=sum --input=- --server=" + server_.address() + "," + other.address();
  const ShellResult result = RunShell(rows + RECURCTL " " + command + " 2>&1");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, HasSubstr("sequence,step,total\n0,0,1\n"));
  EXPECT_THAT(result.output, HasSubstr("recurctl: the session goes on at " + other.address() + ": recurd at " +
                                       server_.address() + ": gone\n0,1,2\n0,2,3\n"));
}

TEST_F(RecurctlTest, EveryCommandShowsTheTokenOfItsFile) {
  const FakeServer server({.token = "the-token"});
  const std::string file = ::testing::TempDir() + "/recurctl_token";
  const std::string rest = " --server=" + server.address() + " --token_file=" + file + " 2>&1";
  std::ofstream(file) << "the-token\n";
  EXPECT_EQ(RunShell(RECURCTL " info" + rest).exit_code, 0);
  EXPECT_EQ(RunShell("printf '1,2\\n' | " RECURCTL " stream --model=sum --input=-" + rest).exit_code, 0);
  EXPECT_EQ(RunShell(RECURCTL " bench --model=sum --seconds=0.1 --warmup=0" + rest).exit_code, 0);
  std::ofstream(file) << "another";
  const ShellResult wrong = RunShell(RECURCTL " info" + rest);
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_THAT(wrong.output, HasSubstr("the token is wrong"));
  std::ofstream(file) << " \n";
  EXPECT_THAT(RunShell(RECURCTL " info" + rest).output, HasSubstr("--token_file=" + file + ": holds no token"));
  EXPECT_THAT(RunShell(RECURCTL " info --token_file=/nowhere/t 2>&1").output,
              HasSubstr("--token_file=/nowhere/t: can't be read"));
}

TEST_F(RecurctlTest, FlagsForTlsAreTheClientsOwn) {
  const ShellResult result = Run("info --tls_ca=/nowhere/ca.pem");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.output, HasSubstr("tls_ca=/nowhere/ca.pem: can't be read"));
}

TEST_F(RecurctlTest, InferTakesWholeSequences) {
  const std::string rows = "printf 'sequence,a,b\\n7,1,1\\n7,2,0\\n8,5,0\\n' | ";
  EXPECT_EQ(Run("infer --model=sum --input=-", "2>/dev/null", rows).output,
            "sequence,step,total\n7,0,2\n7,1,4\n8,0,5\n");
  EXPECT_EQ(Run("infer --model=sum --input=- --outputs=last", "2>/dev/null", rows).output,
            "sequence,step,total\n7,1,4\n8,0,5\n");
}

TEST_F(RecurctlTest, InferNamesTheLimitOfALongSequence) {
  const ShellResult result = Run("infer --model=sum --input=-", "", "yes 1,1 | head -n 65 | ");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.output,
              HasSubstr("sequence 0 has more than 64 steps, the daemon's limit for one call: use recurctl stream"));
}

TEST_F(RecurctlTest, BenchPrintsATableOrJson) {
  const ShellResult table = Run("bench --model=sum --streams=2 --chunk=4 --seconds=0.2 --warmup=0.1");
  EXPECT_EQ(table.exit_code, 0) << table.output;
  EXPECT_THAT(table.output, HasSubstr("closed loop: 2 streams, 4 steps a message, 0.2 s after 0.1 s of warm-up"));
  EXPECT_THAT(table.output, HasSubstr("round trip"));
  EXPECT_THAT(table.output, HasSubstr("in its pipeline              2.0       2.0       2.0       2.0       2.0"));
  EXPECT_THAT(table.output, HasSubstr("\nmodelled on the array, a message: p50 750 ns"));
  const ShellResult json =
      Run("bench --model=sum --rate=50 --seconds=0.2 --warmup=0 --json", "| /usr/bin/python3 -m json.tool");
  EXPECT_EQ(json.exit_code, 0) << json.output;
  EXPECT_THAT(json.output, HasSubstr("\"rate\": 50"));
}

TEST_F(RecurctlTest, CtrlCEndsInOrderWithTheSummary) {
  const std::string interrupt = "sh -c '(sleep 0.5; kill -INT $$) & exec \"$@\"' sh ";
  const ShellResult bench = Run("bench --model=sum --seconds=60 --warmup=0", "", interrupt);
  EXPECT_EQ(bench.exit_code, 0) << bench.output;
  EXPECT_THAT(bench.output, HasSubstr("throughput"));
  const ShellResult stream =
      Run("stream --model=sum --input=-", "", "(printf '1,2\\n'; sleep 1; printf '1,2\\n') | " + interrupt);
  EXPECT_EQ(stream.exit_code, 0) << stream.output;
  EXPECT_THAT(stream.output, HasSubstr("1 steps, 1 sequences in "));
  EXPECT_EQ(server_.closed_count(), 2);
}

}  // namespace
}  // namespace recurd
