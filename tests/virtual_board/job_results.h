#ifndef RECURD_TESTS_VIRTUAL_BOARD_JOB_RESULTS_H_
#define RECURD_TESTS_VIRTUAL_BOARD_JOB_RESULTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "hw/emu/board.h"

namespace recurd {
namespace virtual_board {

// The last record that a job will leave, and what stood there before: for faults that falsify it.
class JobResults {
 public:
  // words: the job's. Takes note of what stands where its results will go, all of it.
  JobResults(const std::vector<uint32_t>& words, const emu::LayerShape& shape, uint64_t address,
             emu::BoardMemory* memory);

  // Falsifies the results as the switch of that name says (README.md); they have been written. Of a job without a row
  // only what concerns its end.
  void Falsify(const std::string& fault);

 private:
  void PutBack(size_t from_beat, size_t to_beat);
  void WriteCheck(uint32_t* record) const;

  emu::BoardMemory* memory_;
  uint64_t address_;
  size_t beats_ = 0;       // of all records
  size_t last_beats_ = 0;  // of the last one
  uint32_t sequence_before_ = 0;
  std::vector<uint8_t> before_;
};

}  // namespace virtual_board
}  // namespace recurd

#endif  // RECURD_TESTS_VIRTUAL_BOARD_JOB_RESULTS_H_
