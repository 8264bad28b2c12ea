#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace recurd::board {

// Words of a padded input row and of a padded state row: what a design was built for.
struct RowWords {
  size_t input = 0;
  size_t state = 0;
};

// What one doorbell hands over: commands and their rows as contract.h has them, and the records that have to come back.
// Allocates: in the constructor only.
class Job {
 public:
  static constexpr uint32_t kMaxCommands = 3;

  // The records of one command.
  struct Answer {
    uint32_t sequence;
    size_t rows;
    size_t row_words;
    bool wanted;  // they are the RUN's states
  };

  // Takes RUNs of up to `max_steps`.
  Job(RowWords row_words, int max_steps);

  // Empties it for another, whose commands have the sequence numbers from there on.
  void Begin(uint32_t first_sequence);
  // In this order, each at most once.   Shapes: state [state], rows [steps][input], padded.
  void Reload();
  void Switch(uint32_t slot, const float* state);
  void Run(uint32_t slot, uint32_t weight_set, const float* rows, int steps);

  absl::Span<const uint32_t> words() const { return {words_.data(), word_count_}; }
  absl::Span<const Answer> answers() const { return {answers_.data(), answer_count_}; }
  size_t result_beats() const;

 private:
  void Command(uint32_t head, uint32_t steps, size_t rows, size_t row_words, bool wanted);
  void Row(const float* values, size_t words);

  const RowWords row_words_;
  std::vector<uint32_t> words_;
  size_t word_count_ = 0;
  std::array<Answer, kMaxCommands> answers_;
  size_t answer_count_ = 0;
  uint32_t sequence_ = 0;  // of the next command
};

}  // namespace recurd::board
