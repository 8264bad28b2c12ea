// In which order, and when, things happen between a processor, the PL and memory.
#include <set>

#include "tests/unit/hw/board_fixture.h"

namespace recurd::emu {
namespace {

class BoardOrder : public testing::Test, protected BoardJobs {
 protected:
  BoardOrder() : BoardJobs(hw::kMappingLanes), host_(placement()) {}
  uint32_t Heartbeat() { return host_.board->Read(hw::kRegHeartbeat); }
  uint32_t Generation() { return host_.board->Read(hw::kRegGeneration); }
  void ExpectWorks(uint32_t generation) { BoardJobs::ExpectWorks(&host_, generation); }
  BoardHost host_;
};

TEST_F(BoardOrder, DoneIsCountedWhenAllIsInMemoryAndNeverBefore) {
  host_.Start(sets_);
  const size_t all = (1 + kSteps) * host_.record_beats();
  std::set<size_t> seen;
  host_.SubmitWords(0, SwitchAndRun(100, kSteps), 0);
  for (int polls = 0; !host_.Done(); ++polls) {
    seen.insert(host_.memory.written().size());
    ASSERT_LT(polls, 1000);
  }
  EXPECT_EQ(host_.memory.written().size(), all);
  EXPECT_GT(seen.size(), 3u) << "records come one by one";
  for (int i = 0; i < 20; ++i) Heartbeat();
  EXPECT_EQ(host_.memory.written().size(), all);
}

TEST_F(BoardOrder, RecordsAreWrittenFromTheFirstBeatToTheLast) {
  host_.Start(sets_);
  host_.SubmitWords(0, SwitchAndRun(100, kSteps), 7);
  ASSERT_TRUE(host_.AwaitDone());
  std::vector<uint32_t> order((1 + kSteps) * host_.record_beats());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<uint32_t>(7 + i);
  EXPECT_EQ(host_.memory.written(), order);
}

TEST_F(BoardOrder, NoTimePassesButInAccesses) {
  host_.Start(sets_);
  host_.SubmitWords(0, SwitchAndRun(100, kSteps), 0);
  const Cycles before = host_.board->now();
  EXPECT_EQ(host_.board->Read(hw::kRegMagic), hw::kMagic);
  EXPECT_EQ(host_.board->now() - before, hw::Timing().register_access);
}

// From the doorbell to DONE, where accesses to registers take next to nothing.
TEST_F(BoardOrder, AJobOfOneStepTakesTheStepAndOnceToMemoryAndBack) {
  hw::Timing timing;
  timing.register_access = timing.pl_clock;
  CommandWriter writer;
  writer.Run(0, 0, 1, x_.data(), 1, kInput);
  const std::vector<uint32_t> words = writer.Take();
  auto system = placement().make(timing);
  (*system)->SetWeights(sets_);
  (*system)->Give(words);
  ASSERT_TRUE((*system)->RunUntil(4 + 32).ok());
  const Cycles step = (*system)->times().back(), most_between = 50 * timing.pl_clock;
  for (const bool window : {false, true}) {
    BoardHost host(placement(), 7, timing);
    host.Start(sets_);
    window ? host.SubmitInWindow(words, 0) : host.SubmitWords(0, words, 0);
    const Cycles start = host.board->now();
    ASSERT_TRUE(host.AwaitDone());
    const Cycles took = host.board->now() - start - step - timing.memory_write - (window ? 0 : timing.memory_read);
    EXPECT_GT(took, 0) << window;
    EXPECT_LT(took, most_between) << window;
  }
}

TEST_F(BoardOrder, TheHeartbeatCountsOnWhateverIsAccessed) {
  const uint32_t first = Heartbeat(), second = Heartbeat();
  EXPECT_GT(second, first);
  host_.board->Read(hw::kRegMagic);
  host_.board->Write(hw::kRegWindow, 1);
  EXPECT_NEAR(Heartbeat() - second, 3 * (second - first), 3);
}

TEST_F(BoardOrder, RegistersAnswerBeforeAnythingIsStarted) {
  host_.SubmitInWindow(SwitchAndRun(100, 1), 0);
  const uint32_t before = Heartbeat();
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(host_.Done());
  EXPECT_GT(Heartbeat(), before + 100);
  host_.Start(sets_);
  EXPECT_TRUE(host_.AwaitDone());
}

TEST_F(BoardOrder, NothingIsComputedBeforeTheGraphRuns) {
  host_.SetWeights(sets_);
  host_.board->StartMovers(BoardHost::kRings);
  host_.SubmitWords(0, SwitchAndRun(100, kSteps), 0);
  EXPECT_FALSE(host_.AwaitDone(500));
  host_.board->RunGraph();
  EXPECT_TRUE(host_.AwaitDone());
}

// A kernel lacks a parameter, so that its tile is blocked, and all others behind it.
TEST_F(BoardOrder, RegistersAnswerWhileTheArrayHangs) {
  auto parameters = host_.Parameters(sets_);
  const GruSystem::Parameter last = parameters.back();
  parameters.pop_back();
  host_.Update(parameters);
  host_.board->RunGraph();
  host_.board->StartMovers(BoardHost::kRings);
  const std::vector<uint32_t> words = SwitchAndRun(100, kSteps);
  host_.SubmitWords(0, words, 0);
  EXPECT_FALSE(host_.AwaitDone(500));
  const uint32_t before = Heartbeat();
  EXPECT_GT(Heartbeat(), before);
  EXPECT_FALSE(host_.Abort(500)) << "what was begun can't end";
  EXPECT_EQ(Generation(), 0u);
  EXPECT_EQ(host_.board->Read(hw::kRegAbort), 1u);
  EXPECT_EQ(host_.fault(), hw::kFaultNone);

  host_.Update({last});
  for (int polls = 0; Generation() != 1 && polls < 2000; ++polls) continue;
  EXPECT_EQ(Generation(), 1u);
  ExpectWorks(1);
}

// Aborted after so many register accesses: before the block has seen it, in the middle, at its end, when it is over.
TEST_F(BoardOrder, NothingOfAnAbortedJobComesWheneverItIsAborted) {
  host_.Start(sets_);
  uint32_t aborts = 0;
  std::set<size_t> written;
  for (int polls = 0; polls < 40; ++polls) {
    host_.memory.written().clear();
    host_.SubmitWords(0, SwitchAndRun(100, kSteps), 0);
    for (int i = 0; i < polls; ++i) Heartbeat();
    ASSERT_TRUE(host_.Abort()) << polls;
    ++aborts;
    EXPECT_TRUE(host_.Done());
    EXPECT_EQ(host_.fault(), hw::kFaultNone);
    const size_t before = host_.memory.written().size();
    written.insert(before);
    for (int i = 0; i < 30; ++i) Heartbeat();
    EXPECT_EQ(host_.memory.written().size(), before) << polls;
    EXPECT_EQ(before % host_.record_beats(), 0u) << "records are written whole";
    ExpectWorks(aborts);
  }
  EXPECT_TRUE(written.count(0) == 1 && written.count((1 + kSteps) * host_.record_beats()) == 1 && written.size() > 3);
}

TEST_F(BoardOrder, AnAbortOfNothingIsOverAtOnceAndClearsTheFault) {
  host_.Start(sets_);
  host_.SubmitWords(0, {0, 0, 0, 0}, 0);
  ASSERT_TRUE(host_.AwaitDone());
  EXPECT_EQ(host_.fault(), hw::kFaultBadOp);
  EXPECT_TRUE(host_.Abort(3));
  EXPECT_EQ(host_.fault(), hw::kFaultNone);
  ExpectWorks(1);
}

TEST_F(BoardOrder, TheFirstFaultStays) {
  host_.Start(sets_);
  host_.SubmitWords(0, {hw::PackHead(hw::kOpRun, 0, 8), 0, 0, 0}, 0);
  ASSERT_TRUE(host_.AwaitDone());
  host_.SubmitWords(0, {0, 0, 0, 0}, 0);
  ASSERT_TRUE(host_.AwaitDone());
  EXPECT_EQ(host_.fault(), hw::kFaultBadSlot);
}

TEST_F(BoardOrder, CountersOfAnOlderHostAreTakenAsTheyAre) {
  host_.Start(sets_);
  host_.board->Write(hw::kRegAbort, 0xfffffff0);
  EXPECT_EQ(Generation(), 0xfffffff0);
  ExpectWorks(0xfffffff0);
}

TEST_F(BoardOrder, WhatThePsWroteCanBeReadBackAndWhatThePlWroteNotBeWritten) {
  for (const uint32_t offset : {hw::kRegInputOffset, hw::kRegInputBeats, hw::kRegResultOffset}) {
    host_.board->Write(offset, offset + 1);
    EXPECT_EQ(host_.board->Read(offset), offset + 1);
  }
  for (const uint32_t offset : {hw::kRegWindow + 0, hw::kRegWindow + hw::kWindowBytes - 4}) {
    host_.board->Write(offset, offset + 1);
    EXPECT_EQ(host_.board->Read(offset), offset + 1);
  }
  for (const uint32_t offset : {hw::kRegMagic, hw::kRegDone, hw::kRegFault, hw::kRegGeneration}) {
    const uint32_t before = host_.board->Read(offset);
    host_.board->Write(offset, 77);
    EXPECT_EQ(host_.board->Read(offset), before);
  }
}

TEST_F(BoardOrder, OffsetsThatAreNoRegisterReadZero) {
  for (const uint32_t offset : {0u, 0x14u, 0x11u, 0xc8u, 0x3fcu, 0x402u, 0x800u, ~3u}) {
    host_.board->Write(offset, ~0u);
    EXPECT_EQ(host_.board->Read(offset), 0u) << offset;
  }
}

TEST_F(BoardOrder, EqualAccessesGiveEqualAnswersAtEqualTimes) {
  std::vector<uint32_t> answers[2];
  for (auto& each : answers) {
    BoardHost host(placement());
    host.Start(sets_);
    host.SubmitWords(0, SwitchAndRun(100, kSteps), 0);
    for (int i = 0; i < 200; ++i) {
      each.push_back(host.board->Read(hw::kRegDone));
      each.push_back(static_cast<uint32_t>(host.memory.written().size()));
      each.push_back(static_cast<uint32_t>(host.board->now()));
    }
  }
  EXPECT_EQ(answers[0], answers[1]);
}

TEST_F(BoardOrder, ParametersOfAnotherNameOrSizeAreRefused) {
  const GruSystem::Parameter first = host_.Parameters(sets_).front();
  const size_t bytes = 4 * first.words.size();
  EXPECT_TRUE(host_.board->UpdateParameter(first.port, first.words.data(), bytes));
  EXPECT_FALSE(host_.board->UpdateParameter(first.port, first.words.data(), bytes - 4));
  EXPECT_FALSE(host_.board->UpdateParameter("gru.nothing[0]", first.words.data(), bytes));
  EXPECT_FALSE(host_.board->UpdateParameter("", first.words.data(), bytes));
}

TEST_F(BoardOrder, TheCheckTellsARecordThatLostABit) {
  host_.Start(sets_);
  host_.SubmitInWindow(SwitchAndRun(100, 1), 0);
  ASSERT_TRUE(host_.AwaitDone());
  const Record record = host_.RecordAt(host_.record_beats());
  ASSERT_TRUE(record.whole());
  for (size_t bit = 0; bit < 32 * record.row.size(); ++bit) {
    Record other = record;
    other.row[bit / 32] ^= 1u << bit % 32;
    EXPECT_FALSE(other.whole()) << bit;
  }
  for (uint32_t bit = 0; bit < 32; ++bit) {
    Record other = record;
    (bit % 2 == 0 ? other.end.generation : other.end.sequence) ^= 1u << bit;
    EXPECT_FALSE(other.whole()) << bit;
  }
}

// Half of an older record in front of the end of a new one.
TEST_F(BoardOrder, TheCheckTellsARecordThatIsHalfWritten) {
  host_.Start(sets_);
  host_.SubmitInWindow(SwitchAndRun(100, 2), 0);
  ASSERT_TRUE(host_.AwaitDone());
  Record old = host_.RecordAt(host_.record_beats()), now = host_.RecordAt(2 * host_.record_beats());
  std::copy(old.row.begin() + 16, old.row.end(), now.row.begin() + 16);
  EXPECT_FALSE(now.whole());
}

}  // namespace
}  // namespace recurd::emu
