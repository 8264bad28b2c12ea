#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "hw/emu/board.h"
#include "hw/emu/commands.h"
#include "tests/unit/hw/lanes_fixture.h"

namespace recurd::emu {

// Two rings and nothing else; remembers what was written, in order.
class FakeMemory : public BoardMemory {
 public:
  static constexpr uint64_t kInput = 0x10000, kResult = 0x80000;
  static constexpr uint32_t kInputBeats = 256, kResultBeats = 512;

  uint8_t* At(uint64_t address, size_t bytes) override {
    for (auto& [begin, ring] : rings_) {
      if (address < begin || address + bytes > begin + ring.size()) continue;
      if (begin == kResult) written_.push_back(static_cast<uint32_t>((address - begin) / 16));
      return &ring[address - begin];
    }
    return nullptr;
  }

  void Put(uint32_t offset, const std::vector<uint32_t>& words) {
    memcpy(&rings_[kInput][16 * offset], words.data(), 4 * words.size());
  }
  std::vector<uint32_t> Take(uint32_t offset, uint32_t beats) {
    std::vector<uint32_t> words(4 * beats);
    memcpy(words.data(), &rings_[kResult][16 * offset], 16 * beats);
    return words;
  }
  // Beats of the result ring, in the order of the writes.
  std::vector<uint32_t>& written() { return written_; }

 private:
  std::map<uint64_t, std::vector<uint8_t>> rings_ = {{kInput, std::vector<uint8_t>(16 * kInputBeats)},
                                                     {kResult, std::vector<uint8_t>(16 * kResultBeats)}};
  std::vector<uint32_t> written_;
};

// A record as the PS reads it.
struct Record {
  std::vector<uint32_t> row;
  hw::RecordEnd end;
  bool whole() const {
    uint32_t check = 0;
    for (size_t i = 0; i < row.size(); i += 4) {
      check = hw::CheckBeat(check, row[i], row[i + 1], row[i + 2], row[i + 3]);
    }
    return hw::CheckBeat(check, end.sequence, end.row, end.generation, 0) == end.check;
  }
};

// A processor at a board: hands over jobs and reads their records, as hw/pl/README.md says.
class BoardHost {
 public:
  explicit BoardHost(const Placement& placement, uint32_t build_id = 7, const hw::Timing& timing = {})
      : placement_(placement) {
    auto made = Board::Make(placement, timing, build_id, &memory);
    EXPECT_TRUE(made.ok()) << made.status();
    board = *std::move(made);
  }

  // The order of start: weights, graph, movers.
  void Start(const std::vector<GruWeights>& sets) {
    SetWeights(sets);
    board->RunGraph();
    board->StartMovers(kRings);
  }
  // once: also those that may be written once only.
  void SetWeights(const std::vector<GruWeights>& sets, bool once = true) {
    std::vector<GruSystem::Parameter> parameters = Parameters(sets);
    if (!once) std::erase_if(parameters, [](const auto& parameter) { return parameter.once; });
    Update(parameters);
  }
  std::vector<GruSystem::Parameter> Parameters(const std::vector<GruWeights>& sets) const {
    return (*placement_.make(hw::Timing()))->Parameters(sets);
  }
  void Update(const std::vector<GruSystem::Parameter>& parameters) {
    for (const GruSystem::Parameter& parameter : parameters) {
      EXPECT_TRUE(board->UpdateParameter(parameter.port, parameter.words.data(), 4 * parameter.words.size()));
    }
  }

  void Submit(uint32_t offset, uint32_t beats, uint32_t result_offset) {
    board->Write(hw::kRegInputOffset, offset);
    board->Write(hw::kRegInputBeats, beats);
    board->Write(hw::kRegResultOffset, result_offset);
    board->Write(hw::kRegSubmit, ++submitted_);
  }
  void SubmitWords(uint32_t offset, const std::vector<uint32_t>& words, uint32_t result_offset) {
    memory.Put(offset, words);
    Submit(offset, static_cast<uint32_t>(words.size() / 4), result_offset);
  }
  void SubmitInWindow(const std::vector<uint32_t>& words, uint32_t result_offset) {
    for (size_t i = 0; i < words.size(); ++i) {
      board->Write(hw::kRegWindow + 4 * static_cast<uint32_t>(i), words[i]);
    }
    Submit(hw::kInWindow, static_cast<uint32_t>(words.size() / 4), result_offset);
  }
  bool Done() { return board->Read(hw::kRegDone) == submitted_; }
  // False after that many polls.
  bool AwaitDone(int polls = 20000) {
    while (polls-- > 0) {
      if (Done()) return true;
    }
    return false;
  }
  bool Abort(int polls = 20000) {
    board->Write(hw::kRegAbort, ++aborts_);
    while (polls-- > 0) {
      if (board->Read(hw::kRegGeneration) == aborts_) return true;
    }
    return false;
  }
  uint32_t fault() { return board->Read(hw::kRegFault); }

  uint32_t state_words() const { return static_cast<uint32_t>(placement_.shape.StateWords()); }
  uint32_t record_beats() const { return static_cast<uint32_t>(hw::RecordBeats(placement_.shape.StateWords())); }
  Record RecordAt(uint32_t offset, bool with_row = true) {
    Record record;
    const uint32_t beats = with_row ? record_beats() : 1;
    record.row = memory.Take(offset, beats);
    memcpy(&record.end, &record.row[record.row.size() - 4], sizeof record.end);
    record.row.resize(record.row.size() - 4);
    return record;
  }

  static constexpr Board::Rings kRings = {FakeMemory::kInput, FakeMemory::kResult, FakeMemory::kInputBeats,
                                          FakeMemory::kResultBeats};
  FakeMemory memory;
  std::unique_ptr<Board> board;

 private:
  const Placement& placement_;
  uint32_t submitted_ = 0, aborts_ = 0;
};

// Jobs for a GRU of 32 units and 8 inputs, two weight sets, and what comes of them.
class BoardJobs {
 public:
  static constexpr int kInput = 8, kSteps = 6;

  explicit BoardJobs(hw::Mapping mapping) : placement_(*FindPlacement(mapping, {32, kInput, LaneCell::kGruAfter})) {}
  const Placement& placement() const { return placement_; }
  GruWeights Weights(uint32_t seed) const { return RandomLayer(32, kInput, LaneCell::kGruAfter, seed); }

  // Sequence numbers `sequence` and the next.
  std::vector<uint32_t> SwitchAndRun(uint32_t sequence, int steps) const {
    CommandWriter writer;
    writer.Switch(2, sequence, state_.data(), 32);
    writer.Run(2, 1, sequence + 1, x_.data(), steps, kInput);
    return writer.Take();
  }

  // The rows that the mapping yields for these words, without its echoes.
  std::vector<uint32_t> PlainRows(const std::vector<uint32_t>& words) const {
    auto system = placement_.make(hw::Timing());
    (*system)->SetWeights(sets_);
    (*system)->Give(words);
    std::vector<uint32_t> rows;
    size_t taken = 0;
    for (size_t at = 0; at < words.size();) {
      const bool run = hw::OpOf(words[at]) == hw::kOpRun;
      const size_t steps = run ? words[at + 1] : 1, count = 32 * steps;
      at += 4 + steps * (run ? kInput : 32);
      const absl::Status status = (*system)->RunUntil(taken + 4 + count);
      EXPECT_TRUE(status.ok()) << status;
      const std::vector<uint32_t> part = Slice((*system)->results(), taken + 4, count);
      rows.insert(rows.end(), part.begin(), part.end());
      taken += 4 + count;
    }
    return rows;
  }

  // Records of a SWITCH, if its row is there, and a RUN. from: 1 where nobody knows what was in the slot.
  void ExpectRecords(BoardHost* host, uint32_t offset, const std::vector<uint32_t>& rows, uint32_t sequence,
                     uint32_t generation = 0, uint32_t from = 0) const {
    const bool switched = rows.size() / 32 > kSteps;
    for (uint32_t i = from; i < rows.size() / 32; ++i) {
      const Record record = host->RecordAt(offset + i * host->record_beats());
      EXPECT_EQ(record.row, Slice(rows, 32 * i, 32)) << i;
      EXPECT_TRUE(record.whole()) << i;
      EXPECT_EQ(record.end.sequence, switched && i > 0 ? sequence + 1 : sequence) << i;
      EXPECT_EQ(record.end.row, switched && i > 0 ? i - 1 : i) << i;
      EXPECT_EQ(record.end.generation, generation) << i;
    }
  }
  // A job is done as if nothing had been before it.
  void ExpectWorks(BoardHost* host, uint32_t generation) const {
    const std::vector<uint32_t> words = SwitchAndRun(900, kSteps);
    host->SubmitWords(0, words, 300);
    ASSERT_TRUE(host->AwaitDone());
    ExpectRecords(host, 300, PlainRows(words), 900, generation, 1);
  }

 protected:
  std::vector<GruWeights> sets_ = {Weights(1), Weights(50)};
  const std::vector<float> x_ = RandomFloats(kInput * (kSteps + 1), 3, 1), state_ = RandomFloats(32, 4, 1);

 private:
  const Placement& placement_;
  const ScopedFlushToZero flush_;
};

}  // namespace recurd::emu
