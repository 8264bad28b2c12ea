#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "proto/recurd/v1/recurd.pb.h"

namespace recurd {

// What goes wrong with one stream, at its chunk number `chunk`, counted from 0.
struct Mishap {
  enum Where {
    kNever,
    kBeforeOpened,     // breaks off
    kOpensElsewhere,   // Opened with the step after the right one
    kBeforeApplied,    // the same, with the chunk unread
    kBeforeOutputs,    // the chunk is applied, its answer lost
    kAfterOutputs,     // a checkpoint that was due is lost
    kAfterCheckpoint,  // with a reason: says Ended{reason}
    kSilent,           // the chunk is never answered
    kDrains,           // refused, a last checkpoint, Ended{DRAINED}
    kRepairs,          // a checkpoint, then refused with UNAVAILABLE and retry_after_ms 20
    kEnds,             // Ended{reason}
    kTakesOver,        // refused, Ended{TAKEN_OVER}
    kOtherBits,        // outputs are off by one
  };
  Where where = kNever;
  int chunk = 0;
  v1::Ended::Reason reason = v1::Ended::UNSPECIFIED;
};

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
  struct Options {
    int port = 0;          // 0: a free one
    bool attaches = true;  // false: UNIMPLEMENTED for all modes but CREATE and for session ids
    std::string profile = "f32/fake";
    std::string fingerprint = "fake";
    // TLS, where set: the certificate and key as PEM text, and whose certificates clients must show.
    std::string tls_cert, tls_key, tls_client_ca;
    std::string token;  // asked for in every call
  };

  FakeServer();
  explicit FakeServer(const Options& options);
  ~FakeServer();

  // Mishaps for the streams to come, in their order; those after them are without.
  void Script(const std::vector<Mishap>& mishaps);
  // What streams were opened with, and the first steps of all chunks that came, by stream.
  std::vector<v1::Open> opens() const;
  std::vector<std::vector<v1::Chunk>> chunks() const;
  // Sessions that nobody is attached to, to be listed: @1, @2, ... with one step more at each look.
  void AddSessions(int count);
  // Cuts all connections and stops listening, as kill -9 does.
  void Kill();

  // HOST:PORT.
  const std::string& address() const;
  int port() const;
  // How long each chunk takes from now on.
  void SetDelay(std::chrono::microseconds delay);
  // Sessions that were ended by a Close.
  int closed_count() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace recurd
