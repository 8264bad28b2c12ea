#include "server/config.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/flags/usage_config.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "server/base/descriptors.h"
#include "server/base/log.h"
#include "server/base/small_file.h"
#include "server/base/status_macros.h"
#include "server/base/systemd.h"
#include "server/base/version.h"

ABSL_FLAG(std::string, listen, "127.0.0.1:8001",
          "Address that gRPC is served on: HOST:PORT, [V6]:PORT or unix:PATH; port 0 takes a free one.");
ABSL_FLAG(std::string, metrics_listen, "127.0.0.1:8002",
          "Address that Prometheus scrapes, HOST:PORT, path /metrics; port 0 takes a free one, \"off\" serves none.");
ABSL_FLAG(std::string, model_repository, "",
          "Folder of models: DIR/<name>/<version>/model.onnx and, if wanted, DIR/<name>/config.pbtxt. Required.");
ABSL_FLAG(std::string, pipeline, "cpu",
          "What computes the steps: cpu (native SIMD), sim (the emulated array), xrt (the board).");
ABSL_FLAG(
    std::string, mapping, "auto",
    "How recurrent layers lie on the array of --pipeline=sim: lanes, cascade, hybrid, aie, or auto for the one whose "
    "modelled step is shortest, for each model by itself. These look activations up in tables; lanes_exact gives "
    "the bits of --pipeline=cpu. A layer that doesn't fit is an error at the start. With --pipeline=xrt: the one that "
    "--xclbin must have, or auto.");
ABSL_FLAG(bool, sim_exact, false,
          "With --pipeline=sim: compute every step in the emulated array itself, many times slower, instead of by its "
          "plain evaluator. The outputs are the same bits.");
ABSL_FLAG(std::string, timing_file, "",
          "With --pipeline=sim or xrt: file that overrides constants of the timing model, one \"name = cycles\" a "
          "line; names and "
          "meanings stand in hw/config/timing.h. None: the built-in ones.");
ABSL_FLAG(std::string, xclbin, "",
          "With --pipeline=xrt: the design that the board was booted with, as hw/vitis packages it. Required there; a "
          "model that doesn't fit it is an error at the start.");
ABSL_FLAG(std::string, aie_xclbin, "",
          "With --pipeline=xrt: the xclbin that loads the array alone, for cleaning and repair. None: aie_only.xclbin "
          "beside --xclbin, if there is one.");
ABSL_FLAG(int32_t, device, 0, "With --pipeline=xrt: which of the machine's boards, counted by XRT from 0.");
ABSL_FLAG(std::string, pipeline_fallback, "",
          "What serves while --pipeline is down for a repair: cpu, or nothing. Models are prepared for both. Sessions "
          "that didn't allow another numerics profile wait, unless both have the same.");
ABSL_FLAG(int64_t, quantum_us, 200,
          "Longest time in microseconds that one session keeps the pipeline while others wait, 10 to 1000000.");
ABSL_FLAG(int32_t, max_sessions, 16384, "Sessions open at a time, 1 to 1000000; one more is refused.");
ABSL_FLAG(int32_t, max_chunk_steps, 16384,
          "Timesteps in one chunk or Infer call, 1 to 1000000; a longer one is refused.");
ABSL_FLAG(absl::Duration, session_idle_timeout, absl::Minutes(10),
          "How long a session may send nothing while nothing of it is queued, e.g. 90s, 10m; then it ends as expired.");
ABSL_FLAG(
    absl::Duration, session_linger, absl::Minutes(1),
    "How long a session waits for another client when its own has gone away without closing it, e.g. 30s; then it "
    "ends as expired. 0: at once. Where --max_sessions are open, those that wait the longest make room.");
ABSL_FLAG(
    int32_t, max_sessions_per_identity, 0,
    "Sessions open at a time of one authenticated identity, 1 to 1000000; one more is refused. 0: no such limit.");
ABSL_FLAG(
    absl::Duration, reload_grace, absl::Minutes(1),
    "How long the sessions of a model that was unloaded or replaced may go on with it, e.g. 30s; then they end as "
    "model_unloaded, with their state. 0: within about a second.");
ABSL_FLAG(double, max_load, 0,
          "Refuse a new session where sessions would use more than this part of the pipeline's time, 0 to 1, at the "
          "rates they have lately sent at (recurd_capacity_used_ratio); for clients that send at rates of their own. "
          "0: never refuse for that.");
ABSL_FLAG(int64_t, latency_objective_us, 1000,
          "Latency objective in microseconds, 1 to 60000000: every latency histogram has an exact bucket edge there.");
ABSL_FLAG(absl::Duration, drain_timeout, absl::Seconds(30),
          "How long a SIGTERM waits for started chunks and open calls before they are cut off, e.g. 30s.");
ABSL_FLAG(
    std::string, admin_listen, "",
    "Second address, unix:PATH, that alone answers admin calls from then on; who may open the file may make them. "
    "None: whoever has the role admin makes them on --listen, which is everybody where nobody authenticates.");
ABSL_FLAG(std::string, tls_cert, "",
          "PEM file: the server's certificate and those up to its CA. With --tls_key, --listen speaks TLS only. A file "
          "that changes is read again, also on SIGHUP.");
ABSL_FLAG(std::string, tls_key, "", "PEM file: the private key of --tls_cert, without a password.");
ABSL_FLAG(std::string, tls_client_ca, "",
          "PEM file of CAs: clients must show a certificate of one of them (mutual TLS), whose URI, DNS or common name "
          "is their identity. None: they need none.");
ABSL_FLAG(
    std::string, auth_tokens_file, "",
    "File of bearer tokens, a line each: NAME ROLE[,ROLE...] TOKEN, with the roles stream, admin and metrics and "
    "a token of 16 to 128 characters; mode 0600. Every call but health and reflection, and every scrape, then needs "
    "one. A file that changes is read again, also on SIGHUP. None: nobody needs a token.");
ABSL_FLAG(int32_t, max_connections, 16384,
          "TCP connections open at a time, 1 to 1000000; one more is reset as it comes. Each takes a file descriptor.");
ABSL_FLAG(int32_t, max_connection_rate, 0,
          "New TCP connections a second, and at once, up to 1000000; more are reset as they come. 0: any number.");
ABSL_FLAG(
    std::string, sequence_store, "",
    "Redis server that keeps the sequences of KServe, so that another server goes on with them: "
    "redis://HOST:PORT or redis://HOST:PORT/DATABASE. None: a sequence ends with its server. What is kept is gone "
    "--session_idle_timeout after it was last written.");
ABSL_FLAG(absl::Duration, sequence_store_interval, absl::Seconds(1),
          "With --sequence_store: how often a sequence that goes on is written there, 10ms to 1h; what a server that "
          "dies without notice has computed since is lost.");
ABSL_FLAG(std::string, sequence_store_password_file, "",
          "With --sequence_store: file whose one line is the password of Redis, mode 0600. None: it wants none.");
ABSL_FLAG(bool, reflection, false,
          "Serve gRPC reflection (for grpcurl and the like). It brings threads of its own: messages take about a third "
          "longer.");
ABSL_FLAG(std::string, log_level, "info", "Least severe messages to log: debug, info, warning, error or off.");

namespace recurd {
namespace {

template <typename T>
absl::Status InRange(const char* flag, T value, T low, T high) {
  if (value >= low && value <= high) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("--", flag, "=", value, ": must be ", low, " to ", high));
}

absl::Status Positive(const char* flag, absl::Duration value) {
  if (value > absl::ZeroDuration() && value <= absl::Hours(24 * 365)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("--", flag, "=", absl::FormatDuration(value), ": must be above 0s and at most 8760h"));
}

absl::Status NotNegative(const char* flag, absl::Duration value) {
  return value == absl::ZeroDuration() ? absl::OkStatus() : Positive(flag, value);
}

absl::Status Prefixed(const char* prefix, const absl::Status& status) {
  return absl::InvalidArgumentError(absl::StrCat(prefix, std::string(status.message())));
}

absl::Status CheckFallback(const std::string& fallback, const std::string& pipeline) {
  if (fallback.empty()) return absl::OkStatus();
  if (fallback != "cpu") {
    return absl::InvalidArgumentError(
        absl::StrCat("--pipeline_fallback=", fallback, ": only cpu can stand in; leave it out for none"));
  }
  if (pipeline != "cpu") return absl::OkStatus();
  return absl::InvalidArgumentError("--pipeline_fallback=cpu means nothing to --pipeline=cpu; leave it out");
}

absl::StatusOr<std::string> ReadPassword(const std::string& path) {
  constexpr size_t kMaxPassword = 512;
  RECURD_ASSIGN_OR_RETURN(std::string text, ReadSecretFile(path, kMaxPassword));
  absl::StripTrailingAsciiWhitespace(&text);
  if (!text.empty() && text.find('\n') == std::string::npos) return text;
  return absl::InvalidArgumentError(absl::StrCat("'", path, "' must hold one line, the password"));
}

absl::StatusOr<std::optional<SequenceStoreOptions>> ReadStore() {
  const std::string url = absl::GetFlag(FLAGS_sequence_store);
  const std::string password_file = absl::GetFlag(FLAGS_sequence_store_password_file);
  const auto interval = absl::GetFlag(FLAGS_sequence_store_interval);
  if (interval < absl::Milliseconds(10) || interval > absl::Hours(1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--sequence_store_interval=", absl::FormatDuration(interval), ": must be 10ms to 1h"));
  }
  if (url.empty() && password_file.empty()) return std::nullopt;
  if (url.empty()) {
    return absl::InvalidArgumentError("--sequence_store_password_file is given without --sequence_store");
  }
  if (!RedisLink::BuiltIn()) {
    return absl::InvalidArgumentError(
        "--sequence_store: this recurd was built without hiredis; leave the flag out, or build with libhiredis-dev");
  }
  SequenceStoreOptions options = {.interval_ns = absl::ToInt64Nanoseconds(interval),
                                  .ttl_ns = absl::ToInt64Nanoseconds(absl::GetFlag(FLAGS_session_idle_timeout))};
  auto address = RedisAddress::Parse(url);
  if (!address.ok()) return Prefixed("--sequence_store: ", address.status());
  options.address = *std::move(address);
  if (password_file.empty()) return options;
  auto password = ReadPassword(password_file);
  if (!password.ok()) return Prefixed("--sequence_store_password_file: ", password.status());
  options.password = *std::move(password);
  return options;
}

constexpr int kDefaultMaxConnections = 16384;  // as the flag has it

// Raises the process's limit of file descriptors to what the connections take. Where that can't be, the default gives
// way; a number that somebody chose is an error.
absl::StatusOr<int> FitConnections(int wanted) {
  constexpr int kOtherDescriptors = 256;
  const int64_t allowed = RaiseDescriptorLimit(wanted + kOtherDescriptors) - kOtherDescriptors;
  if (wanted <= allowed) return wanted;
  const std::string why = absl::StrCat("--max_connections=", wanted, " needs ", wanted + kOtherDescriptors,
                                       " file descriptors, and this process may have ", allowed + kOtherDescriptors,
                                       " (ulimit -Hn, LimitNOFILE=)");
  if (wanted != kDefaultMaxConnections || allowed < 1)
    return absl::InvalidArgumentError(absl::StrCat(why, ": raise that or lower this"));
  LogWarning(absl::StrCat(why, ": at most ", allowed, " connections"));
  return static_cast<int>(allowed);
}

// The address a service listens on: the flag's, unless systemd has opened its socket.
std::string AddressOf(const char* flag, const std::string& value, const InheritedSocket& socket) {
  if (socket.fd < 0) return value;
  LogInfo(absl::StrCat("--", flag, " is ", socket.address, ", the socket that systemd passed"));
  return socket.address;
}

// --help shows this program's flags, not those of the libraries it is made of.
bool IsOwnFile(absl::string_view file) { return absl::EndsWith(file, "server/config.cc"); }

bool AsksForText(absl::string_view argument) {
  if (!absl::ConsumePrefix(&argument, "-")) return false;
  absl::ConsumePrefix(&argument, "-");
  return absl::StartsWith(argument, "help") || argument == "version";
}

// The arguments that are no flags. Abseil ends the process with 1 where a flag is wrong, as after --help; as somebody
// who starts it anew looks at the code, here that is 2, and 0 after what was asked for.
std::vector<char*> ParseFlags(int argc, char** argv) {
  static bool parsing = true;  // the handler gets no argument
  static const int code = std::any_of(argv + 1, argv + argc, AsksForText) ? 0 : 2;
  std::atexit([] {
    if (!parsing) return;
    std::cout.flush();
    std::fflush(nullptr);
    std::_Exit(code);
  });
  const std::vector<char*> rest = absl::ParseCommandLine(argc, argv);
  parsing = false;
  return rest;
}

}  // namespace

absl::StatusOr<Config> ConfigFromCommandLine(int argc, char** argv) {
  absl::SetProgramUsageMessage(
      "serves recurrent networks at batch one over gRPC, keeping each client's hidden state.\n\n"
      "  recurd --model_repository=deploy/models\n\n"
      "Flags may stand in a file, one a line: --flagfile=FILE. Durations are written 90s, 10m, 1h30m.\n"
      "Exit codes: 0 drained after SIGTERM or SIGINT; 1 couldn't start, or calls were cut off at the end of\n"
      "--drain_timeout; 2 wrong flags; 3 the pipeline is lost and couldn't be repaired: start again.");
  absl::FlagsUsageConfig usage;
  usage.contains_helpshort_flags = &IsOwnFile;
  usage.contains_help_flags = &IsOwnFile;
  usage.version_string = [] { return absl::StrCat("recurd ", kVersion, "\n"); };
  absl::SetFlagsUsageConfig(usage);
  const std::vector<char*> rest = ParseFlags(argc, argv);
  if (rest.size() > 1) {
    return absl::InvalidArgumentError(absl::StrCat("'", rest[1], "' is not a flag; see --help"));
  }
  RECURD_RETURN_IF_ERROR(SetLogLevel(absl::GetFlag(FLAGS_log_level)));
  if (absl::GetFlag(FLAGS_model_repository).empty()) {
    return absl::InvalidArgumentError("--model_repository=DIR is required: the folder that holds the models");
  }
  const auto idle = absl::GetFlag(FLAGS_session_idle_timeout);
  const auto drain = absl::GetFlag(FLAGS_drain_timeout);
  RECURD_RETURN_IF_ERROR(InRange<int32_t>("device", absl::GetFlag(FLAGS_device), 0, 255));
  RECURD_RETURN_IF_ERROR(InRange<int64_t>("quantum_us", absl::GetFlag(FLAGS_quantum_us), 10, 1'000'000));
  RECURD_RETURN_IF_ERROR(InRange<int32_t>("max_sessions", absl::GetFlag(FLAGS_max_sessions), 1, 1'000'000));
  RECURD_RETURN_IF_ERROR(InRange<int32_t>("max_chunk_steps", absl::GetFlag(FLAGS_max_chunk_steps), 1, 1'000'000));
  RECURD_RETURN_IF_ERROR(
      InRange<int64_t>("latency_objective_us", absl::GetFlag(FLAGS_latency_objective_us), 1, 60'000'000));
  RECURD_RETURN_IF_ERROR(Positive("session_idle_timeout", idle));
  RECURD_RETURN_IF_ERROR(NotNegative("session_linger", absl::GetFlag(FLAGS_session_linger)));
  RECURD_RETURN_IF_ERROR(
      InRange<int32_t>("max_sessions_per_identity", absl::GetFlag(FLAGS_max_sessions_per_identity), 0, 1'000'000));
  RECURD_RETURN_IF_ERROR(InRange<double>("max_load", absl::GetFlag(FLAGS_max_load), 0, 1));
  RECURD_RETURN_IF_ERROR(Positive("drain_timeout", drain));
  RECURD_RETURN_IF_ERROR(NotNegative("reload_grace", absl::GetFlag(FLAGS_reload_grace)));
  RECURD_RETURN_IF_ERROR(InRange<int32_t>("max_connections", absl::GetFlag(FLAGS_max_connections), 1, 1'000'000));
  RECURD_RETURN_IF_ERROR(
      InRange<int32_t>("max_connection_rate", absl::GetFlag(FLAGS_max_connection_rate), 0, 1'000'000));
  RECURD_RETURN_IF_ERROR(CheckFallback(absl::GetFlag(FLAGS_pipeline_fallback), absl::GetFlag(FLAGS_pipeline)));

  Config config;
  RECURD_ASSIGN_OR_RETURN(config.sockets, systemd::TakeSockets());
  config.listen = AddressOf("listen", absl::GetFlag(FLAGS_listen), config.sockets.grpc);
  config.metrics_listen = AddressOf("metrics_listen", absl::GetFlag(FLAGS_metrics_listen), config.sockets.metrics);
  config.model_repository = absl::GetFlag(FLAGS_model_repository);
  config.pipeline = {.pipeline = absl::GetFlag(FLAGS_pipeline),
                     .mapping = absl::GetFlag(FLAGS_mapping),
                     .sim_exact = absl::GetFlag(FLAGS_sim_exact),
                     .timing_file = absl::GetFlag(FLAGS_timing_file),
                     .xclbin = absl::GetFlag(FLAGS_xclbin),
                     .aie_xclbin = absl::GetFlag(FLAGS_aie_xclbin),
                     .device = absl::GetFlag(FLAGS_device)};
  config.pipeline_fallback = absl::GetFlag(FLAGS_pipeline_fallback);
  config.reflection = absl::GetFlag(FLAGS_reflection);
  config.latency_objective_ns = absl::GetFlag(FLAGS_latency_objective_us) * 1000;
  config.drain_timeout_ns = absl::ToInt64Nanoseconds(drain);
  config.security = {.listen = config.listen,
                     .metrics_listen = config.metrics_listen,
                     .admin_listen = AddressOf("admin_listen", absl::GetFlag(FLAGS_admin_listen), config.sockets.admin),
                     .tls = {.cert = absl::GetFlag(FLAGS_tls_cert),
                             .key = absl::GetFlag(FLAGS_tls_key),
                             .client_ca = absl::GetFlag(FLAGS_tls_client_ca)},
                     .tokens_file = absl::GetFlag(FLAGS_auth_tokens_file)};
  RECURD_RETURN_IF_ERROR(CheckSecurity(config.security));
  RECURD_ASSIGN_OR_RETURN(config.connections.open, FitConnections(absl::GetFlag(FLAGS_max_connections)));
  config.connections.rate = absl::GetFlag(FLAGS_max_connection_rate);
  RECURD_ASSIGN_OR_RETURN(config.sequence_store, ReadStore());
  config.engine.quantum_ns = absl::GetFlag(FLAGS_quantum_us) * 1000;
  config.engine.max_sessions = absl::GetFlag(FLAGS_max_sessions);
  config.engine.max_chunk_steps = absl::GetFlag(FLAGS_max_chunk_steps);
  config.engine.idle_timeout_ns = absl::ToInt64Nanoseconds(idle);
  config.engine.linger_ns = absl::ToInt64Nanoseconds(absl::GetFlag(FLAGS_session_linger));
  config.engine.max_sessions_per_identity = absl::GetFlag(FLAGS_max_sessions_per_identity);
  config.engine.max_load = absl::GetFlag(FLAGS_max_load);
  config.engine.reload_grace_ns = absl::ToInt64Nanoseconds(absl::GetFlag(FLAGS_reload_grace));
  return config;
}

}  // namespace recurd
