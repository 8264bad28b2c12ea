// The board whole: control block, movers and array, as a processor sees them.
#include "hw/emu/board.h"

#include "tests/unit/hw/board_fixture.h"

namespace recurd::emu {
namespace {

class BoardTest : public testing::TestWithParam<hw::Mapping>, protected BoardJobs {
 protected:
  BoardTest() : BoardJobs(GetParam()) {}
};

INSTANTIATE_TEST_SUITE_P(Mappings, BoardTest,
                         testing::Values(hw::kMappingHybrid, hw::kMappingAie, hw::kMappingCascade, hw::kMappingLanes,
                                         hw::kMappingLanesExact));

TEST_P(BoardTest, AJobFromTheRingYieldsTheRowsOfTheArray) {
  const std::vector<uint32_t> words = SwitchAndRun(100, kSteps);
  BoardHost host(placement());
  host.Start(sets_);
  host.SubmitWords(5, words, 11);
  ASSERT_TRUE(host.AwaitDone());
  EXPECT_EQ(host.fault(), hw::kFaultNone);
  ExpectRecords(&host, 11, PlainRows(words), 100);
}

TEST_P(BoardTest, AJobFromTheWindowYieldsTheSame) {
  const std::vector<uint32_t> words = SwitchAndRun(100, kSteps);
  BoardHost host(placement());
  host.Start(sets_);
  host.SubmitInWindow(words, 11);
  ASSERT_TRUE(host.AwaitDone());
  EXPECT_EQ(host.fault(), hw::kFaultNone);
  ExpectRecords(&host, 11, PlainRows(words), 100);
}

// Jobs of one to six steps, three times around both rings.
TEST_P(BoardTest, JobsGoOnWhereTheLastOneEndedAndAroundTheRings) {
  BoardHost host(placement());
  host.Start(sets_);
  std::vector<uint32_t> all, rows;
  uint32_t from = 0, to = 0;
  for (uint32_t number = 0; number < 60; ++number) {
    CommandWriter writer;
    const int steps = static_cast<int>(1 + number % kSteps);
    writer.Run(2, number / 3 % 2, number, &x_[number % 3], steps, kInput);
    const std::vector<uint32_t> words = writer.Take();
    all.insert(all.end(), words.begin(), words.end());
    const uint32_t beats = static_cast<uint32_t>(words.size() / 4), results = steps * host.record_beats();
    if (from + beats > FakeMemory::kInputBeats) from = 0;
    if (to + results > FakeMemory::kResultBeats) to = 0;
    host.SubmitWords(from, words, to);
    ASSERT_TRUE(host.AwaitDone()) << number;
    for (int step = 0; step < steps; ++step) {
      const Record record = host.RecordAt(to + step * host.record_beats());
      EXPECT_TRUE(record.whole() && record.end.sequence == number) << number;
      rows.insert(rows.end(), record.row.begin(), record.row.end());
    }
    from += beats;
    to += results;
  }
  EXPECT_EQ(host.fault(), hw::kFaultNone);
  EXPECT_EQ(rows, PlainRows(all));
}

TEST_P(BoardTest, ReloadYieldsARecordWithoutARowAndNewWeightsAndEmptySlots) {
  BoardHost host(placement());
  host.Start(sets_);
  host.SubmitWords(0, SwitchAndRun(100, kSteps), 0);
  ASSERT_TRUE(host.AwaitDone());
  const std::vector<GruWeights> others = {Weights(70), Weights(90)};
  host.SetWeights(others, false);
  CommandWriter writer;
  writer.Reload(7);
  host.SubmitWords(0, writer.Take(), 100);
  ASSERT_TRUE(host.AwaitDone());
  const Record record = host.RecordAt(100, false);
  EXPECT_TRUE(record.whole());
  EXPECT_EQ(record.end.sequence, 7u);
  writer.Run(2, 1, 8, x_.data(), kSteps, kInput);
  const std::vector<uint32_t> words = writer.Take();
  host.SubmitWords(0, words, 200);
  ASSERT_TRUE(host.AwaitDone());
  sets_ = others;
  ExpectRecords(&host, 200, PlainRows(words), 8);
}

TEST_P(BoardTest, TellsWhatItIs) {
  BoardHost host(placement(), 0xabcd);
  EXPECT_EQ(host.board->Read(hw::kRegMagic), hw::kMagic);
  EXPECT_EQ(host.board->Read(hw::kRegAbi), hw::kAbiMajor << 16 | hw::kAbiMinor);
  EXPECT_EQ(host.board->Read(hw::kRegBuildId), 0xabcdu);
  EXPECT_EQ(host.board->Read(hw::kRegGeometry), hw::PackGeometry(32, 8, 2, GetParam()));
  const auto activation = static_cast<uint32_t>(placement().activation);
  const auto cell = static_cast<uint32_t>(hw::LaneCell::kGruAfter);
  EXPECT_EQ(host.board->Read(hw::kRegNumerics), hw::PackNumerics(GetParam(), activation, cell));
}

TEST(BoardOfAnLstm, YieldsRowsOfBothStates) {
  const Placement& placement = *FindPlacement(hw::kMappingLanes, {32, 8, LaneCell::kLstm});
  BoardHost host(placement);
  host.Start({RandomLayer(32, 8, LaneCell::kLstm, 1), RandomLayer(32, 8, LaneCell::kLstm, 2)});
  EXPECT_EQ(host.record_beats(), 17u);
  const std::vector<float> x = RandomFloats(8, 3, 1);
  CommandWriter writer;
  writer.Run(0, 0, 5, x.data(), 1, 8);
  host.SubmitInWindow(writer.Take(), 0);
  ASSERT_TRUE(host.AwaitDone());
  const Record record = host.RecordAt(0);
  EXPECT_TRUE(record.whole());
  EXPECT_TRUE(record.row[0] != 0 && record.row[32] != 0);
}

// What follows is the PL's own and the same in every mapping.
class LanesBoard : public testing::Test, protected BoardJobs {
 protected:
  LanesBoard() : BoardJobs(hw::kMappingLanes), host_(placement()) {}
  void ExpectWorks(uint32_t generation = 0) { BoardJobs::ExpectWorks(&host_, generation); }
  BoardHost host_;
};

struct BadJob {
  const char* name;
  hw::FaultKind fault;
  std::vector<uint32_t> words;  // behind a good RUN of one step
};

class HostileJob : public LanesBoard, public testing::WithParamInterface<BadJob> {};

std::vector<uint32_t> CommandOf(uint32_t head, uint32_t steps) { return {head, steps, 0, 55}; }
std::vector<uint32_t> WithRows(std::vector<uint32_t> command, size_t words) {
  command.resize(command.size() + words, 0x3f000000);
  return command;
}
const uint32_t kRun = hw::PackHead(hw::kOpRun, 0, 0), kSwitch = hw::PackHead(hw::kOpSwitch, 0, 0);

INSTANTIATE_TEST_SUITE_P(
    Kinds, HostileJob,
    testing::Values(
        BadJob{"Op0", hw::kFaultBadOp, CommandOf(hw::PackHead(0, 0, 0), 0)},
        BadJob{"Op4", hw::kFaultBadOp, CommandOf(hw::PackHead(4, 0, 0), 9)},
        BadJob{"Op255", hw::kFaultBadOp, CommandOf(~0u, ~0u)},
        BadJob{"SlotOfARun", hw::kFaultBadSlot, WithRows(CommandOf(hw::PackHead(hw::kOpRun, 0, 8), 1), 8)},
        BadJob{"SlotOfASwitch", hw::kFaultBadSlot, WithRows(CommandOf(hw::PackHead(hw::kOpSwitch, 0, 65535), 0), 32)},
        BadJob{"WeightSet", hw::kFaultBadWeightSet, WithRows(CommandOf(hw::PackHead(hw::kOpRun, 2, 0), 1), 8)},
        BadJob{"RunWithoutARow", hw::kFaultShortJob, CommandOf(kRun, 1)},
        BadJob{"RunThatLacksABeat", hw::kFaultShortJob, WithRows(CommandOf(kRun, 2), 12)},
        BadJob{"RunOfForever", hw::kFaultShortJob, WithRows(CommandOf(kRun, ~0u), 80)},
        BadJob{"RunWhoseBeatsWrap", hw::kFaultShortJob, WithRows(CommandOf(kRun, 1u << 31), 16)},
        BadJob{"SwitchThatLacksABeat", hw::kFaultShortJob, WithRows(CommandOf(kSwitch, 0), 28)}),
    [](const auto& info) { return info.param.name; });

// The good command before it has its record, the bad one and those behind it have none, and the next job is done.
TEST_P(HostileJob, IsDroppedFromTheBadCommandOnAndTheNextOneIsDone) {
  host_.Start(sets_);
  CommandWriter writer;
  writer.Run(0, 0, 44, x_.data(), 1, kInput);
  std::vector<uint32_t> words = writer.Take();
  words.insert(words.end(), GetParam().words.begin(), GetParam().words.end());
  if (GetParam().fault != hw::kFaultShortJob) {
    writer.Run(0, 0, 66, x_.data(), 1, kInput);
    const std::vector<uint32_t> behind = writer.Take();
    words.insert(words.end(), behind.begin(), behind.end());
  }
  host_.SubmitWords(0, words, 0);
  ASSERT_TRUE(host_.AwaitDone());
  EXPECT_EQ(host_.fault(), GetParam().fault);
  EXPECT_TRUE(host_.RecordAt(0).whole());
  EXPECT_EQ(host_.RecordAt(0).end.sequence, 44u);
  EXPECT_EQ(host_.memory.written().size(), host_.record_beats());
  ExpectWorks();
  EXPECT_EQ(host_.fault(), GetParam().fault) << "stays until an abort";
  ASSERT_TRUE(host_.Abort());
  EXPECT_EQ(host_.fault(), hw::kFaultNone);
  ExpectWorks(1);
}

TEST_F(LanesBoard, WordsOutsideTheInputRingAreNotRead) {
  host_.Start(sets_);
  constexpr uint32_t kEnd = FakeMemory::kInputBeats;
  const uint32_t offsets[][2] = {{0, kEnd + 1}, {kEnd, 1}, {kEnd + 1, 0}, {1, kEnd}, {hw::kInWindow - 1, 2}, {5, ~0u}};
  for (const auto& [offset, beats] : offsets) {
    host_.Submit(offset, beats, 0);
    ASSERT_TRUE(host_.AwaitDone()) << offset;
    EXPECT_EQ(host_.fault(), hw::kFaultBadOffset) << offset << " " << beats;
    ASSERT_TRUE(host_.Abort());
  }
  EXPECT_TRUE(host_.memory.written().empty());
  ExpectWorks(std::size(offsets));
}

TEST_F(LanesBoard, AWindowJobMustFitAndBeginAtItsBeginning) {
  host_.Start(sets_);
  const uint32_t jobs[][2] = {{hw::kInWindow, 65}, {hw::kInWindow, ~0u}, {hw::kInWindow + 1, 4}, {~0u, 64}};
  for (const auto& [offset, beats] : jobs) {
    host_.Submit(offset, beats, 0);
    ASSERT_TRUE(host_.AwaitDone()) << offset;
    EXPECT_EQ(host_.fault(), hw::kFaultBadOffset) << offset << " " << beats;
    ASSERT_TRUE(host_.Abort());
  }
  ExpectWorks(std::size(jobs));
}

// A RUN's records up to the ring's end are there.
TEST_F(LanesBoard, RecordsThatLeaveTheResultRingAreNotWritten) {
  host_.Start(sets_);
  const uint32_t room = 2 * host_.record_beats();
  host_.SubmitWords(0, SwitchAndRun(100, kSteps), FakeMemory::kResultBeats - room);
  ASSERT_TRUE(host_.AwaitDone());
  EXPECT_EQ(host_.fault(), hw::kFaultBadOffset);
  EXPECT_EQ(host_.memory.written().size(), room);
  for (const uint32_t offset : {FakeMemory::kResultBeats, FakeMemory::kResultBeats - 1, ~0u}) {
    host_.SubmitWords(0, SwitchAndRun(100, kSteps), offset);
    ASSERT_TRUE(host_.AwaitDone());
  }
  EXPECT_EQ(host_.memory.written().size(), room);
  ExpectWorks();
}

TEST_F(LanesBoard, AJobOfNothingIsDone) {
  host_.Start(sets_);
  host_.Submit(0, 0, 0);
  ASSERT_TRUE(host_.AwaitDone());
  host_.Submit(hw::kInWindow, 0, 0);
  ASSERT_TRUE(host_.AwaitDone());
  host_.SubmitWords(0, CommandOf(kRun, 0), 0);
  ASSERT_TRUE(host_.AwaitDone());
  EXPECT_EQ(host_.fault(), hw::kFaultNone);
  EXPECT_TRUE(host_.memory.written().empty());
  ExpectWorks();
}

// Where no memory is, words are zero: no command.
TEST_F(LanesBoard, RingsThatLeadNowhereAreAFault) {
  host_.SetWeights(sets_);
  host_.board->RunGraph();
  host_.board->StartMovers({0, 0, 1000, 1000});
  host_.Submit(0, 10, 0);
  ASSERT_TRUE(host_.AwaitDone());
  EXPECT_EQ(host_.fault(), hw::kFaultBadOp);
  host_.SubmitInWindow(SwitchAndRun(100, 1), 0);
  EXPECT_TRUE(host_.AwaitDone());
}

// Jobs of anything: words at random, heads that are commands more often than not.
TEST_F(LanesBoard, NoJobHangsIt) {
  host_.Start(sets_);
  std::mt19937 random(5);
  for (int number = 0; number < 300; ++number) {
    std::vector<uint32_t> words(4 * (1 + random() % 60));
    for (size_t i = 0; i < words.size(); i += 4) {
      words[i] = hw::PackHead(random() % 5, random() % 3, random() % 9);
      words[i + 1] = random() % 4;
      words[i + 3] = random();
    }
    if (random() % 2 == 0) {
      host_.SubmitWords(0, words, random() % (FakeMemory::kResultBeats + 20));
    } else {
      host_.SubmitInWindow(words, random() % FakeMemory::kResultBeats);
    }
    ASSERT_TRUE(host_.AwaitDone()) << number;
  }
  ExpectWorks();
}

}  // namespace
}  // namespace recurd::emu
