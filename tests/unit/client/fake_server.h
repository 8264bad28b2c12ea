#pragma once

#include <chrono>
#include <memory>
#include <string>

namespace recurd {

// A recurd in the test's own process, on a port of its own, with one model:
//   "sum", 2 inputs and 1 output a step: the output is the sum of all inputs of the sequence so far.
// Keeps the API's rules for steps, sequences, outputs and checkpoints. Some inputs ask for more: a chunk whose first
// float is
//   1000: ends the session as FAILED
//   2000: breaks the stream off with UNAVAILABLE
//   3000: is refused with RESOURCE_EXHAUSTED and retry_after_ms 7, once
//   4000: is never answered
class FakeServer {
 public:
  FakeServer();
  ~FakeServer();

  // HOST:PORT.
  const std::string& address() const;
  // How long each chunk takes from now on.
  void SetDelay(std::chrono::microseconds delay);
  // Sessions that were ended by a Close.
  int closed_count() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace recurd
