#include "server/pipeline/xrt/record.h"

#include "hw/config/contract.h"

namespace recurd::board {

uint32_t CheckOf(const uint32_t* row, size_t row_words, const RecordName& name) {
  uint32_t check = 0;
  for (size_t i = 0; i < row_words; i += hw::kBeatWords) {
    check = hw::CheckBeat(check, row[i], row[i + 1], row[i + 2], row[i + 3]);
  }
  return hw::CheckBeat(check, name.sequence, name.row, name.generation, 0);
}

Fault JudgeRecord(const uint32_t* record, size_t row_words, const RecordName& due) {
  const uint32_t* end = record + row_words;
  const RecordName found = {end[0], end[1], end[2]};
  const bool whole = CheckOf(record, row_words, found) == end[3];
  const bool is_due = found.sequence == due.sequence && found.row == due.row && found.generation == due.generation;
  if (whole) return is_due ? Fault::kNone : Fault::kStale;
  return is_due ? Fault::kCorrupt : Fault::kHalfWritten;
}

}  // namespace recurd::board
