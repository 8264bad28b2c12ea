#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "recurd/durable_session.h"

namespace recurd {

// A sequence of the shipped model "digits" and what an undisturbed server answers to it.
struct Sequence {
  static constexpr int kSteps = 3000;
  std::vector<float> inputs, outputs;  // [kSteps][8], [kSteps][10]

  // Random inputs; outputs by one Infer at `server`.
  static Sequence Make(const std::string& server, unsigned seed);
};

// A client that streams its sequence again and again, in chunks of random lengths, several ahead, and compares each
// answer with what is due: the next steps, none left out or given twice, with the same bits.
class Streamer {
 public:
  Streamer(std::vector<std::string> servers, const Sequence* sequence, unsigned seed, DurableOptions options = {});
  ~Streamer();

  // Ends after the sequence at hand. "" or what went wrong first.
  std::string Finish();
  // Steps answered so far, and how often the session went on with another connection; after Finish the last word.
  int64_t steps() const { return steps_; }
  int resumed() const { return resumed_; }

 private:
  void Run();
  std::string RunSequence(DurableSession& session);

  const std::vector<std::string> servers_;
  const Sequence* const sequence_;
  const unsigned seed_;
  const DurableOptions options_;
  std::atomic<bool> stop_ = false;
  std::atomic<int64_t> steps_ = 0;
  std::atomic<int> resumed_ = 0;
  std::string wrong_;
  std::thread thread_;
};

// `count` streamers with sequences of their own.
class Crowd {
 public:
  Crowd(const std::string& undisturbed, const std::vector<std::string>& servers, int count,
        DurableOptions options = {});

  // Waits until each has been answered `steps` more steps; false if that takes a minute.
  bool WaitForSteps(int64_t steps) const;
  // What went wrong, a line each; "" if nothing did.
  std::string Finish();
  int64_t steps() const;
  int resumed() const;

 private:
  std::vector<Sequence> sequences_;
  std::vector<std::unique_ptr<Streamer>> streamers_;
};

}  // namespace recurd
