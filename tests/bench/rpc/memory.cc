// What a session costs the daemon's process in memory.
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "tests/bench/rpc/detached_sessions.h"
#include "tests/bench/rpc/echo_process.h"
#include "tests/bench/rpc/flocks.h"
#include "tests/bench/rpc/links.h"
#include "tests/bench/rpc/part.h"
#include "tests/bench/rpc/report.h"

namespace recurd::bench {
namespace {

constexpr int kSessions = 10'000, kConnections = 4;
constexpr char kLinger[] = "--session_linger=1h";

long ResidentBytes(const Child& process) {
  std::ifstream status("/proc/" + std::to_string(process.pid()) + "/status");
  for (std::string word; status >> word;) {
    long kib = 0;
    if (word == "VmRSS:" && status >> kib) return kib * 1024;
  }
  throw std::runtime_error("a server has no VmRSS in /proc");
}

// Prints by how much a process has grown since `before`, a session.
void PrintGrowth(const char* what, const Child& process, long before) {
  std::printf("%-60s %9.0f\n", what, static_cast<double>(ResidentBytes(process) - before) / kSessions);
}

void WaitForDetached(v1::Recurrent::Stub& stub, uint32_t count) {
  for (int i = 0; i < 300; ++i) {
    grpc::ClientContext context;
    v1::GetServerInfoResponse info;
    Check(stub.GetServerInfo(&context, {}, &info));
    if (info.sessions_detached() >= count) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  throw std::runtime_error("sessions whose client went away aren't detached");
}

void MeasureEcho() {
  const EchoProcess echo(kCpu);
  EchoLink(echo.address()).RoundTrip();
  const long before = ResidentBytes(echo);
  EchoFlock flock(EchoTalk(echo.address(), kConnections), kSessions);
  flock.Run(kSessions);
  flock.CheckWhole();
  PrintGrowth("a stream of the bare echo: gRPC's own", echo, before);
}

void MeasureAttached() {
  const Daemon daemon({kLinger}, kCpu);
  NativeLink(daemon.address()).RoundTrip();
  const long before = ResidentBytes(daemon);
  auto flock = OpenSessions(daemon.address(), kSessions, kConnections);
  PrintGrowth("attached, its stream included", daemon, before);
  for (const int more : {1, 31}) {
    flock->Run(more * kSessions);
    flock->CheckWhole();
    PrintGrowth(more == 1 ? "  after one message" : "  after 32", daemon, before);
  }
  flock.reset();
  const auto stub = v1::Recurrent::NewStub(Connect(daemon.address()));
  WaitForDetached(*stub, kSessions);
  PrintGrowth("  its client gone: what the process still holds for it", daemon, before);
}

void MeasureDetached() {
  const Daemon daemon({kLinger}, kCpu);
  ImportSessions(daemon.address(), 1);
  const long before = ResidentBytes(daemon);
  ImportSessions(daemon.address(), kSessions);
  PrintGrowth("detached, never attached (ImportSession)", daemon, before);
}

}  // namespace

bool MeasureMemory(const Options&) {
  Progress("memory of 10,000 sessions");
  std::printf("\n%-60s %9s\n", "10,000 sessions of digits (32 floats of state)", "bytes each");
  MeasureEcho();
  MeasureAttached();
  MeasureDetached();
  return true;
}

}  // namespace recurd::bench
