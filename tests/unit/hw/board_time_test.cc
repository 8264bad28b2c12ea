// Who goes when, where an answer depends on it: the host's time, streams that are asked and not waited for, memory.
#include "hw/emu/engine.h"
#include "hw/emu/memory_port.h"
#include "hw/pl/pl_types.h"
#include "tests/unit/hw/board_fixture.h"

namespace recurd::emu {
namespace {

class TimeTest : public testing::Test {
 protected:
  static constexpr Cycles kClock = 4;
  void Connect(hw::beat_stream* from, Process* reader, hw::beat_stream* to, int words = 8) {
    from->out.channel = engine_.AddChannel("stream", "writer");
    to->in = engine_.AddReader(from->out.channel, reader, kClock, words);
  }
  static hw::beat_t Beat(uint32_t word) {
    hw::beat_t beat;
    beat.data(31, 0) = word;
    return beat;
  }
  Engine engine_{hw::Timing()};
  hw::beat_stream out_, in_;
};

TEST_F(TimeTest, AReadThatDoesNotWaitSeesWhatWasWrittenByThen) {
  std::vector<int> found;
  Process* reader = engine_.AddProcess("reader", [&] {
    hw::beat_t beat;
    for (int turn = 0; turn < 40; ++turn) {
      if (in_.read_nb(beat)) found.push_back(turn);
      PlClock();
    }
  });
  engine_.AddProcess("writer", [&] {
    for (int i = 0; i < 10; ++i) PlClock();
    out_.write(Beat(1));
    for (int i = 0; i < 10; ++i) PlClock();
    out_.write(Beat(2));
  });
  Connect(&out_, reader, &in_);
  engine_.Run();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_NEAR(found[0], 12, 1);
  EXPECT_EQ(found[1] - found[0], 10);
}

TEST_F(TimeTest, AWriteThatDoesNotWaitFailsUntilThereIsRoom) {
  std::vector<bool> done;
  Process* reader = engine_.AddProcess("reader", [&] {
    for (int i = 0; i < 20; ++i) PlClock();
    in_.read();
  });
  engine_.AddProcess("writer", [&] {
    for (int turn = 0; turn < 40; ++turn) {
      done.push_back(out_.write_nb(Beat(1)));
      PlClock();
    }
  });
  Connect(&out_, reader, &in_);
  engine_.Run();
  EXPECT_EQ(std::count(done.begin(), done.end(), true), 3);
  EXPECT_TRUE(done[0] && done[1] && !done[2]);
  EXPECT_NEAR(std::find(done.begin() + 2, done.end(), true) - done.begin(), 21, 1);
}

TEST_F(TimeTest, AWriteThatDoesNotWaitDoesNotWaitForAReaderThatNeverReads) {
  int written = 0, turns = 0;
  Process* reader = engine_.AddProcess("reader", [] {});
  engine_.AddProcess("writer", [&] {
    for (; turns < 40; ++turns, PlClock()) written += out_.write_nb(Beat(1));
  });
  Connect(&out_, reader, &in_);
  engine_.Run();
  EXPECT_EQ(written, 2);
  EXPECT_EQ(turns, 40);
}

TEST_F(TimeTest, NobodyWhoAsksForItGoesAheadOfTheHost) {
  std::vector<Cycles> turns;
  engine_.AddProcess("process", [&] {
    for (;;) {
      AwaitNow();
      turns.push_back(t_process->floor);
      PlClock();
    }
  });
  engine_.Advance(20);
  EXPECT_FALSE(engine_.Run());
  EXPECT_EQ(turns, std::vector<Cycles>({0, 4, 8, 12, 16, 20}));
  engine_.Advance(23);
  engine_.Run();
  EXPECT_EQ(turns.size(), 6u);
  engine_.Advance(24);
  engine_.Run();
  EXPECT_EQ(turns.size(), 7u);
}

TEST_F(TimeTest, TheEarliestClockGoesFirst) {
  std::vector<int> order;
  const Cycles steps[] = {7, 3, 5};
  for (int who = 0; who < 3; ++who) {
    engine_.AddProcess("process", [&, who] {
      for (int turn = 0; turn < 3; ++turn) {
        t_process->floor += steps[who];
        AwaitNow();
        order.push_back(who);
      }
    });
  }
  engine_.Run();
  EXPECT_EQ(order, std::vector<int>({1, 2, 1, 0, 1, 2, 0, 2, 0}));
}

TEST_F(TimeTest, WhatIsWrittenLandsLaterAndItsAnswerComesThen) {
  const hw::Timing timing;
  FakeMemory memory;
  MemoryPort port;
  port.Connect(&memory, FakeMemory::kResult);
  Cycles answered = 0;
  size_t landed = 0;
  engine_.AddProcess("writer", [&] {
    port.WriteRequest(3, 2);
    port.Write({1, 2, 3, 4});
    PlClock();
    port.Write({5, 6, 7, 8});
    landed = memory.written().size();
    port.WriteResponse();
    answered = t_process->floor;
  });
  engine_.Run();
  EXPECT_EQ(landed, 0u);
  EXPECT_EQ(memory.written(), std::vector<uint32_t>({3, 4}));
  EXPECT_EQ(answered, timing.pl_clock + timing.memory_write);
}

TEST_F(TimeTest, WithoutWaitingForTheAnswerItLandsAllTheSame) {
  FakeMemory memory;
  MemoryPort port;
  port.Connect(&memory, FakeMemory::kResult);
  engine_.AddProcess("writer", [&] {
    port.WriteRequest(0, 1);
    port.Write({1, 2, 3, 4});
  });
  engine_.Run();
  port.Land(hw::Timing().memory_write - 1);
  EXPECT_TRUE(memory.written().empty());
  port.Land(hw::Timing().memory_write);
  EXPECT_EQ(memory.Take(0, 1), std::vector<uint32_t>({1, 2, 3, 4}));
}

TEST_F(TimeTest, WhatIsReadIsWhatIsThereWhenItComes) {
  FakeMemory memory;
  MemoryPort port;
  port.Connect(&memory, FakeMemory::kInput);
  uint32_t words[4] = {};
  engine_.AddProcess("reader", [&] {
    port.ReadRequest(0, 1);
    port.Read(words);
  });
  engine_.Advance(hw::Timing().memory_read - 1);
  engine_.Run();
  memory.Put(0, {1, 2, 3, 4});
  EXPECT_EQ(words[0], 0u);
  engine_.Advance(hw::Timing().memory_read);
  engine_.Run();
  EXPECT_EQ(words[3], 4u);
}

}  // namespace
}  // namespace recurd::emu
