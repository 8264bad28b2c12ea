#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace recurd {

// A program under test: started with its standard error in a pipe, killed when the object goes.
class Child {
 public:
  // argv[0] is the program's path. With `cpu` >= 0 it may run on that CPU only. Aborts if it can't be started.
  explicit Child(const std::vector<std::string>& argv, int cpu = -1);
  ~Child();
  Child(const Child&) = delete;

  pid_t pid() const { return pid_; }
  // Reads its standard error until a line holds `text` and returns that line; "" when it ends or `seconds` pass without
  // one.
  std::string WaitForLine(const std::string& text, int seconds = 20);
  // All standard error read so far.
  const std::string& log() const { return log_; }
  // After SIGSTOP it does nothing more when this returns.
  void Signal(int signal);
  // The exit code; -1 if it was killed by a signal or is still there after `seconds`. Reads the rest of the log.
  int Wait(int seconds = 20);

  // Sums over its threads, from /proc.
  long ThreadCount() const;
  long VoluntarySwitches() const;
  // CPU time used, in nanoseconds.
  long CpuNs() const;

 private:
  bool ReadMore(int timeout_ms);
  pid_t pid_;
  int pipe_;
  std::string log_;
  size_t scanned_ = 0;
};

// The daemon of this build on free ports, serving the shipped models, ready when the constructor returns.
class Daemon : public Child {
 public:
  explicit Daemon(const std::vector<std::string>& flags = {}, int cpu = -1);
  std::string address() const { return address_; }
  std::string metrics_address() const { return metrics_address_; }

 private:
  std::string address_, metrics_address_;
};

}  // namespace recurd
