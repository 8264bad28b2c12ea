#pragma once

#include <google/protobuf/message.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/recurctl/flags.h"
#include "recurd/client.h"

namespace recurd {

// What all commands of recurctl share.

enum ExitCode : int { kExitOk = 0, kExitFailed = 1, kExitUsage = 2, kExitUnreachable = 3 };
inline constexpr char kExitCodesHelp[] =
    "Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 the daemon can't be reached.\n";

// The flags of every command that talks to a daemon.
struct ServerFlags {
  std::string server = "127.0.0.1:8001";
  double connect_timeout = 0;
  std::string tls_ca, tls_cert, tls_key, token_file;

  // `list`: --server may name several, with commas between.
  void AddTo(FlagSet* flags, bool list = false);
  std::vector<std::string> Servers() const;
  // Errors: NOT_FOUND and INVALID_ARGUMENT for a --token_file that can't be read or holds no token.
  absl::StatusOr<ClientOptions> Options() const;
  absl::StatusOr<Client> Connect() const;
};

// Prints the error and gives the exit code that fits it.
int Fail(const absl::Status& status);
// Prints that a flag without which the command means nothing is missing.
int FailUsage(const std::string& message);

// A message in proto3's JSON form with the field names of the .proto, all fields shown, one line.
std::string ToJson(const google::protobuf::Message& message);
// A JSON string, quotes included.
std::string JsonString(const std::string& text);
// Text from elsewhere made fit for a terminal: control characters are shown as escapes.
std::string Printable(const std::string& text);
// A duration in nanoseconds with three digits and the unit that suits it.
std::string Duration(double ns);
// How far a model's outputs lie from double precision, as GetModel and `recurctl inspect` have it.
std::string AccuracyText(int steps, double largest_error, double rms_error, double rms_output);

// The commands. Arguments are the words after the command's name; the result is the exit code.
int RunModels(const std::vector<std::string>& arguments);
int RunModel(const std::vector<std::string>& arguments);
int RunLoad(const std::vector<std::string>& arguments);
int RunUnload(const std::vector<std::string>& arguments);
int RunStream(const std::vector<std::string>& arguments);
int RunInfer(const std::vector<std::string>& arguments);
int RunBench(const std::vector<std::string>& arguments);
int RunHealth(const std::vector<std::string>& arguments);
int RunInfo(const std::vector<std::string>& arguments);
int RunSessions(const std::vector<std::string>& arguments);
int RunTop(const std::vector<std::string>& arguments);
int RunExport(const std::vector<std::string>& arguments);
int RunImport(const std::vector<std::string>& arguments);
int RunClose(const std::vector<std::string>& arguments);
int RunRecord(const std::vector<std::string>& arguments);
int RunReplay(const std::vector<std::string>& arguments);
int RunInspect(const std::vector<std::string>& arguments);
int RunPlan(const std::vector<std::string>& arguments);
int RunProbe(const std::vector<std::string>& arguments);

}  // namespace recurd
