#include "tests/virtual_board/job_results.h"

#include <cstring>

#include "hw/config/contract.h"

namespace recurd {
namespace virtual_board {
namespace {

constexpr size_t kBeat = 4 * hw::kBeatWords;
constexpr uint32_t kQuietNan = 0x7fc00000;

}  // namespace

JobResults::JobResults(const std::vector<uint32_t>& words, const emu::LayerShape& shape, uint64_t address,
                       emu::BoardMemory* memory)
    : memory_(memory), address_(address) {
  const int row_words = shape.StateWords();
  for (size_t at = 0; at + hw::kBeatWords <= words.size();) {
    const uint32_t op = hw::OpOf(words[at]), steps = words[at + 1], sequence = words[at + 3];
    const bool run = op == hw::kOpRun;
    const size_t records = run ? steps : 1;
    last_beats_ = hw::RecordBeats(op == hw::kOpReload ? 0 : row_words);
    beats_ += records * last_beats_;
    sequence_before_ = sequence - 1;
    at += hw::kBeatWords;
    if (run) at += size_t{steps} * hw::PaddedWords(shape.input_size);
    if (op == hw::kOpSwitch) at += row_words;
  }
  const uint8_t* now = beats_ == 0 ? nullptr : memory_->At(address_, beats_ * kBeat);
  if (now != nullptr) before_.assign(now, now + beats_ * kBeat);
}

void JobResults::PutBack(size_t from_beat, size_t to_beat) {
  const size_t bytes = (to_beat - from_beat) * kBeat;
  uint8_t* now = memory_->At(address_ + from_beat * kBeat, bytes);
  if (now != nullptr) std::memcpy(now, &before_[from_beat * kBeat], bytes);
}

void JobResults::WriteCheck(uint32_t* record) const {
  uint32_t check = 0;
  uint32_t* const end = record + (last_beats_ - 1) * hw::kBeatWords;
  end[3] = 0;
  for (const uint32_t* beat = record; beat <= end; beat += hw::kBeatWords) {
    check = hw::CheckBeat(check, beat[0], beat[1], beat[2], beat[3]);
  }
  end[3] = check;
}

void JobResults::Falsify(const std::string& fault) {
  if (before_.empty()) return;
  const size_t begin = beats_ - last_beats_, row_beats = last_beats_ - 1;
  auto* record = reinterpret_cast<uint32_t*>(memory_->At(address_ + begin * kBeat, last_beats_ * kBeat));
  if (record == nullptr) return;
  if (fault == "refuse") return PutBack(0, beats_);
  if (fault == "stale") return PutBack(begin, beats_);
  if (fault == "half") return PutBack(begin + row_beats / 2, beats_);
  if (fault == "torn") return PutBack(begin + row_beats / 2, beats_ - 1);
  if (fault == "doubled") {
    record[row_beats * hw::kBeatWords] = sequence_before_;
    return WriteCheck(record);
  }
  if (row_beats == 0) return;
  if (fault == "corrupt") record[row_beats * hw::kBeatWords / 2] ^= 1u << 12;
  if (fault == "nan") {
    record[0] = kQuietNan;
    WriteCheck(record);
  }
}

}  // namespace virtual_board
}  // namespace recurd
