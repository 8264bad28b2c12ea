#pragma once

#include <cstddef>
#include <cstdint>

#include "server/pipeline/pipeline.h"

namespace recurd::board {

// What a record says that it is (hw/config/contract.h, RecordEnd).
struct RecordName {
  uint32_t sequence;
  uint32_t row;
  uint32_t generation;
};

// The check of a record: of its row, and of its name.   Shapes: row [row_words], whole beats.
uint32_t CheckOf(const uint32_t* row, size_t row_words, const RecordName& name);

// Whether the words at `record`, a row and its end, are the record that is due.
// kStale: a whole record, of another job. kCorrupt: the right one, but its check is wrong. kHalfWritten: neither.
Fault JudgeRecord(const uint32_t* record, size_t row_words, const RecordName& due);

}  // namespace recurd::board
