#include "tests/integration/child.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace recurd {
namespace {

using Clock = std::chrono::steady_clock;

int MsUntil(Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return left < 0 ? 0 : static_cast<int>(left);
}

[[noreturn]] void Exec(const std::vector<std::string>& argv, int cpu, int error_pipe) {
  if (cpu >= 0) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    sched_setaffinity(0, sizeof set, &set);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  dup2(error_pipe, STDERR_FILENO);
  std::vector<char*> args;
  for (const std::string& arg : argv) args.push_back(const_cast<char*>(arg.c_str()));
  args.push_back(nullptr);
  execv(args[0], args.data());
  std::perror(args[0]);
  _exit(127);
}

template <typename F>
void ForEachThread(pid_t pid, F f) {
  const std::string folder = "/proc/" + std::to_string(pid) + "/task";
  DIR* dir = opendir(folder.c_str());
  if (dir == nullptr) return;
  while (const dirent* entry = readdir(dir)) {
    if (entry->d_name[0] != '.') f(folder + "/" + entry->d_name);
  }
  closedir(dir);
}

// The port of the address behind `word` in a log line.
std::string PortAfter(const std::string& line, const std::string& word) {
  const size_t at = line.find(word);
  if (at == std::string::npos) return "";
  const std::string address = line.substr(at + word.size(), line.find(' ', at + word.size()) - at - word.size());
  return std::to_string(std::atoi(address.c_str() + address.rfind(':') + 1));
}

std::vector<std::string> DaemonArgs(const std::vector<std::string>& flags) {
  std::vector<std::string> argv = {RECURD_BINARY_DIR "/bin/recurd", "--listen=127.0.0.1:0",
                                   "--metrics_listen=127.0.0.1:0",
                                   "--model_repository=" RECURD_SOURCE_DIR "/deploy/models"};
  argv.insert(argv.end(), flags.begin(), flags.end());
  return argv;
}

}  // namespace

Child::Child(const std::vector<std::string>& argv, int cpu) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) std::abort();
  pid_ = fork();
  if (pid_ < 0) std::abort();
  if (pid_ == 0) Exec(argv, cpu, ends[1]);
  close(ends[1]);
  pipe_ = ends[0];
}

Child::~Child() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(pipe_);
}

bool Child::ReadMore(int timeout_ms) {
  pollfd ready = {.fd = pipe_, .events = POLLIN, .revents = 0};
  if (poll(&ready, 1, timeout_ms) <= 0) return false;
  char buffer[4096];
  const ssize_t n = read(pipe_, buffer, sizeof buffer);
  if (n <= 0) return false;
  log_.append(buffer, static_cast<size_t>(n));
  return true;
}

std::string Child::WaitForLine(const std::string& text, int seconds) {
  const auto deadline = Clock::now() + std::chrono::seconds(seconds);
  for (;;) {
    for (size_t end; (end = log_.find('\n', scanned_)) != std::string::npos;) {
      const std::string line = log_.substr(scanned_, end - scanned_);
      scanned_ = end + 1;
      if (line.find(text) != std::string::npos) return line;
    }
    if (!ReadMore(MsUntil(deadline))) return "";
  }
}

void Child::Signal(int signal) {
  kill(pid_, signal);
  siginfo_t stopped;
  if (signal == SIGSTOP) waitid(P_PID, static_cast<id_t>(pid_), &stopped, WSTOPPED | WNOWAIT);
}

int Child::Wait(int seconds) {
  const auto deadline = Clock::now() + std::chrono::seconds(seconds);
  int status = 0;
  for (;;) {
    while (ReadMore(0)) {
    }
    if (waitpid(pid_, &status, WNOHANG) == pid_) break;
    if (MsUntil(deadline) == 0) return -1;
    ReadMore(10);
  }
  pid_ = -1;
  while (ReadMore(0)) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

long Child::ThreadCount() const {
  long count = 0;
  ForEachThread(pid_, [&](const std::string&) { ++count; });
  return count;
}

long Child::VoluntarySwitches() const {
  long sum = 0;
  ForEachThread(pid_, [&](const std::string& thread) {
    std::ifstream status(thread + "/status");
    for (std::string word; status >> word;) {
      long n = 0;
      if (word == "voluntary_ctxt_switches:" && status >> n) sum += n;
    }
  });
  return sum;
}

long Child::CpuNs() const {
  long sum = 0;
  ForEachThread(pid_, [&](const std::string& thread) {
    std::ifstream schedstat(thread + "/schedstat");
    long n = 0;
    if (schedstat >> n) sum += n;
  });
  return sum;
}

Daemon::Daemon(const std::vector<std::string>& flags, int cpu) : Child(DaemonArgs(flags), cpu) {
  const std::string line = WaitForLine("serves");
  if (line.empty()) {
    std::fprintf(stderr, "the daemon did not start:\n%s\n", log().c_str());
    return;
  }
  address_ = "127.0.0.1:" + PortAfter(line, " on ");
  metrics_address_ = "127.0.0.1:" + PortAfter(line, "metrics on ");
}

}  // namespace recurd
