// What the daemon adds to gRPC itself: round trips of one-step messages to the daemon (shipped model) and to a bare
// one-completion-queue echo, in alternated blocks, everything on one CPU.
//   bar rpc_p50_ratio        median over the pairs of p50(daemon) / p50(echo)
//   bar rpc_switches         voluntary context switches of the daemon a message
#include <sched.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "grpcpp/grpcpp.h"
#include "proto/recurd/v1/recurd.grpc.pb.h"
#include "tests/bench/rpc/echo.grpc.pb.h"
#include "tests/integration/child.h"

namespace recurd::bench {
namespace {

constexpr int kCpu = 0;
constexpr int kPairs = 21;
constexpr int kMessages = 3000;

double Percentile(std::vector<double> values, double q) {
  const auto n = static_cast<std::ptrdiff_t>(q * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + n, values.end());
  return values[static_cast<size_t>(n)];
}

struct Block {
  double p50_us = 0, p99_us = 0, switches = 0, cpu_us = 0;
};

Block Measure(const Child& server, const std::function<void()>& round_trip) {
  std::vector<double> us(kMessages);
  const long switches = server.VoluntarySwitches(), cpu_ns = server.CpuNs();
  for (double& t : us) {
    const auto start = std::chrono::steady_clock::now();
    round_trip();
    t = std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
  }
  return {Percentile(us, 0.5), Percentile(us, 0.99),
          static_cast<double>(server.VoluntarySwitches() - switches) / kMessages,
          static_cast<double>(server.CpuNs() - cpu_ns) / kMessages / 1000};
}

template <typename Request, typename Response>
void RoundTrip(grpc::ClientReaderWriter<Request, Response>& stream, const Request& request, Response* response) {
  if (!stream.Write(request) || !stream.Read(response)) {
    std::fprintf(stderr, "a stream broke\n");
    std::exit(1);
  }
}

std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  return grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
}

std::vector<double> Column(const std::vector<Block>& blocks, double Block::*member) {
  std::vector<double> values;
  for (const Block& block : blocks) values.push_back(block.*member);
  return values;
}

void PrintRow(const char* name, const std::vector<Block>& blocks) {
  std::printf("%-22s %8.1f %8.1f %12.2f %12.1f\n", name, Percentile(Column(blocks, &Block::p50_us), 0.5),
              Percentile(Column(blocks, &Block::p99_us), 0.5), Percentile(Column(blocks, &Block::switches), 0.5),
              Percentile(Column(blocks, &Block::cpu_us), 0.5));
}

bool Bar(const char* name, double value, double limit) {
  const bool ok = value <= limit;
  std::printf("bar %s %.3f %.2f %s\n", name, value, limit, ok ? "ok" : "short");
  return ok;
}

int Run() {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(kCpu, &set);
  sched_setaffinity(0, sizeof set, &set);
  Child echo({RECURD_BINARY_DIR "/tests/echo_server"}, kCpu);
  const std::string line = echo.WaitForLine("port ");
  if (line.empty()) return 1;
  Daemon daemon({}, kCpu);
  if (daemon.address().empty()) return 1;

  grpc::ClientContext echo_context, daemon_context;
  auto echo_stub = Echo::NewStub(Connect("127.0.0.1:" + line.substr(line.find("port ") + 5)));
  auto echo_stream = echo_stub->Stream(&echo_context);
  Frame frame, echoed;
  frame.set_data(std::string(64, 'x'));

  auto stub = v1::Recurrent::NewStub(Connect(daemon.address()));
  auto stream = stub->Stream(&daemon_context);
  v1::StreamRequest request;
  v1::StreamResponse response;
  request.mutable_open()->set_model("digits");
  RoundTrip(*stream, request, &response);
  request.clear_open();
  for (uint32_t i = 0; i < response.opened().input_size(); ++i) {
    request.mutable_chunk()->add_inputs(static_cast<float>(i));
  }
  uint64_t step = 0;
  const auto to_echo = [&] { RoundTrip(*echo_stream, frame, &echoed); };
  const auto to_daemon = [&] {
    request.mutable_chunk()->set_first_step(step++);
    RoundTrip(*stream, request, &response);
    if (!response.has_outputs()) std::exit(1);
  };

  Measure(echo, to_echo);  // warm
  Measure(daemon, to_daemon);
  std::vector<Block> floor, ours;
  std::vector<double> ratios;
  for (int i = 0; i < kPairs; ++i) {
    const bool echo_first = i % 2 == 0;
    if (echo_first) floor.push_back(Measure(echo, to_echo));
    ours.push_back(Measure(daemon, to_daemon));
    if (!echo_first) floor.push_back(Measure(echo, to_echo));
    ratios.push_back(ours.back().p50_us / floor.back().p50_us);
  }
  std::printf("one stream, one step a message, %d pairs of %d messages, all on CPU %d (medians of the blocks)\n",
              kPairs, kMessages, kCpu);
  std::printf("%-22s %8s %8s %12s %12s\n", "server", "p50 us", "p99 us", "switches/msg", "cpu us/msg");
  PrintRow("echo, one queue", floor);
  PrintRow("recurd, digits", ours);
  std::printf("p50 ratio: median %.3f, quartiles %.3f to %.3f\n", Percentile(ratios, 0.5), Percentile(ratios, 0.25),
              Percentile(ratios, 0.75));
  bool ok = Bar("rpc_p50_ratio", Percentile(ratios, 0.5), 1.15);
  ok &= Bar("rpc_switches", Percentile(Column(ours, &Block::switches), 0.5), 1.0);
  return ok ? 0 : 1;
}

}  // namespace
}  // namespace recurd::bench

int main() { return recurd::bench::Run(); }
