#include "server/pipeline/xrt/job.h"

#include <cstring>

#include "hw/config/contract.h"

namespace recurd::board {

Job::Job(RowWords row_words, int max_steps)
    : row_words_(row_words),
      words_(kMaxCommands * hw::kBeatWords + row_words.state + static_cast<size_t>(max_steps) * row_words.input) {}

void Job::Begin(uint32_t first_sequence) {
  sequence_ = first_sequence;
  word_count_ = 0;
  answer_count_ = 0;
}

void Job::Reload() { Command(hw::PackHead(hw::kOpReload, 0, 0), 0, 1, 0, false); }

void Job::Switch(uint32_t slot, const float* state) {
  Command(hw::PackHead(hw::kOpSwitch, 0, slot), 0, 1, row_words_.state, false);
  Row(state, row_words_.state);
}

void Job::Run(uint32_t slot, uint32_t weight_set, const float* rows, int steps) {
  const auto count = static_cast<size_t>(steps);
  Command(hw::PackHead(hw::kOpRun, weight_set, slot), static_cast<uint32_t>(steps), count, row_words_.state, true);
  Row(rows, count * row_words_.input);
}

size_t Job::result_beats() const {
  size_t beats = 0;
  for (const Answer& answer : answers()) beats += answer.rows * (answer.row_words / hw::kBeatWords + 1);
  return beats;
}

void Job::Command(uint32_t head, uint32_t steps, size_t rows, size_t row_words, bool wanted) {
  const hw::Command command = {head, steps, 0, sequence_};
  std::memcpy(&words_[word_count_], &command, sizeof command);
  word_count_ += hw::kBeatWords;
  answers_[answer_count_++] = {sequence_++, rows, row_words, wanted};
}

void Job::Row(const float* values, size_t words) {
  std::memcpy(&words_[word_count_], values, words * sizeof(float));
  word_count_ += words;
}

}  // namespace recurd::board
