#include "hw/emu/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <thread>

namespace recurd::emu {
namespace {

using testing::HasSubstr;

// Two processes and a channel between them.
struct Pair {
  explicit Pair(int capacity, Cycles latency = 0, int receivers = 1) {
    channel = engine.AddChannel("pipe", "writer");
    for (int i = 0; i < receivers; ++i) ins.push_back(engine.AddReader(channel, nullptr, latency, capacity));
    channel->into_merge = false;
    out.channel = channel;
  }
  void Writer(std::function<void()> body) { engine.AddProcess("writer", std::move(body)); }
  void Reader(int index, std::function<void()> body) {
    channel->readers[index].process = engine.AddProcess("reader " + std::to_string(index), std::move(body));
  }
  Engine engine{hw::Timing()};
  Channel* channel;
  OutPort out;
  std::vector<InPort> ins;
};

void WriteCounting(OutPort* out, int count) {
  for (uint32_t i = 0; i < static_cast<uint32_t>(count); ++i) Write(out, &i, 1, 0, false);
}

TEST(Engine, WordsArriveInOrderAfterTheLatencyOneACycle) {
  Pair pair(4, 10);
  std::vector<uint32_t> words(20);
  std::vector<Cycles> times(20);
  pair.Writer([&] { WriteCounting(&pair.out, 20); });
  pair.Reader(0, [&] {
    for (int i = 0; i < 20; ++i) times[i] = Read(&pair.ins[0], &words[i], 1, nullptr);
  });
  EXPECT_FALSE(pair.engine.Run());
  for (uint32_t i = 0; i < 20; ++i) EXPECT_EQ(words[i], i);
  EXPECT_EQ(times[0], 11);  // written at 0, there at 10, in a register a cycle later
  EXPECT_EQ(times[3], 14);
  EXPECT_EQ(times[4], 21);  // four words of room: the fifth waits until the first has been taken at 10
  EXPECT_EQ(pair.engine.Waiting(), "");
}

TEST(Engine, MulticastStallsWhileOneReceiverIsNotReady) {
  Pair pair(4, 0, 2);
  std::vector<uint32_t> fast(12), slow(12);
  Cycles fast_end = 0;
  pair.Writer([&] { WriteCounting(&pair.out, 12); });
  pair.Reader(0, [&] { fast_end = Read(&pair.ins[0], fast.data(), 12, nullptr); });
  pair.Reader(1, [&] {
    t_process->floor = 1000;
    Read(&pair.ins[1], slow.data(), 12, nullptr);
  });
  pair.engine.Run();
  EXPECT_EQ(fast, slow);
  EXPECT_GE(fast_end, 1007);  // the last word had to wait for the slow one's eighth
}

TEST(Engine, AReceiverWithMoreRoomOnItsRouteDoesNotStallTheOther) {
  Engine engine{hw::Timing()};
  Channel* channel = engine.AddChannel("pipe", "writer");
  OutPort out;
  out.channel = channel;
  InPort near, far;
  Cycles near_end = 0;
  engine.AddProcess("writer", [&] { WriteCounting(&out, 20); });
  uint32_t words[2][20];
  near = engine.AddReader(channel, engine.AddProcess("near", [&] { near_end = Read(&near, words[0], 20, nullptr); }), 4,
                          8);
  far = engine.AddReader(channel, engine.AddProcess("far", [&] { Read(&far, words[1], 20, nullptr); }), 40, 64);
  engine.Run();
  EXPECT_EQ(near_end, 24);
}

TEST(Engine, DeadlockSaysWhoWaitsForWhom) {
  Pair forth(4), back(4);
  uint32_t word;
  InPort in;
  Channel* answer = forth.engine.AddChannel("answers", "reader 0");
  forth.Writer([&] {
    Read(&in, &word, 1, nullptr);
    WriteCounting(&forth.out, 1);
  });
  in = forth.engine.AddReader(answer, nullptr, 0, 4);
  answer->into_merge = false;
  forth.Reader(0, [&] { Read(&forth.ins[0], &word, 1, nullptr); });
  EXPECT_FALSE(forth.engine.Run());
  EXPECT_THAT(forth.engine.Waiting(), HasSubstr("writer waits for reader 0 to write answers\n"));
  EXPECT_THAT(forth.engine.Waiting(), HasSubstr("reader 0 waits for writer to write pipe\n"));
}

TEST(Engine, AFullStreamNamesTheReceiverThatStoppedReading) {
  Pair pair(2, 0, 2);
  uint32_t words[8];
  pair.Writer([&] { WriteCounting(&pair.out, 8); });
  pair.Reader(0, [&] { Read(&pair.ins[0], words, 8, nullptr); });
  pair.Reader(1, [] {});
  EXPECT_FALSE(pair.engine.Run());
  EXPECT_THAT(pair.engine.Waiting(), HasSubstr("writer waits to write pipe, full since reader 1 stopped reading"));
}

// Two senders of packets {id, n, TLAST} into one merge; yields the ids in order of arrival.
std::vector<uint32_t> Merged(Cycles first_start, Cycles second_start, Disturbance disturbance, int packets) {
  Engine engine(hw::Timing(), disturbance);
  Merge merge;
  OutPort outs[2];
  for (uint32_t id = 0; id < 2; ++id) {
    Channel* channel = engine.AddChannel("packets", "sender");
    outs[id].channel = channel;
    merge.inputs.push_back(engine.AddReader(channel, nullptr, 4, 16));
    engine.AddProcess("sender", [&outs, id, packets, start = id == 0 ? first_start : second_start] {
      t_process->floor = start;
      for (uint32_t i = 0; i < static_cast<uint32_t>(packets); ++i) {
        const uint32_t packet[2] = {id, i};
        Write(&outs[id], packet, 2, 0, true);
      }
    });
  }
  merge.output.channel = engine.AddChannel("merged", "merge");
  std::vector<uint32_t> order;
  InPort in;
  uint32_t next[2] = {0, 0};
  in = engine.AddReader(merge.output.channel,
                        engine.AddProcess("receiver",
                                          [&] {
                                            for (;;) {
                                              uint32_t packet[2];
                                              bool last = false;
                                              Read(&in, packet, 1, &last);
                                              EXPECT_FALSE(last);
                                              Read(&in, packet + 1, 1, &last);
                                              EXPECT_TRUE(last);
                                              EXPECT_EQ(packet[1], next[packet[0]]++);
                                              order.push_back(packet[0]);
                                            }
                                          }),
                        4, 16);
  engine.AddMerge(merge);
  engine.Run();
  return order;
}

TEST(Merge, TheEarlierPacketGoesFirst) {
  EXPECT_EQ(Merged(0, 5, {}, 1), (std::vector<uint32_t>{0, 1}));
  EXPECT_EQ(Merged(5, 0, {}, 1), (std::vector<uint32_t>{1, 0}));
}

TEST(Merge, PacketsThatArriveTogetherTakeTurns) {
  EXPECT_EQ(Merged(0, 0, {}, 3), (std::vector<uint32_t>{0, 1, 0, 1, 0, 1}));
}

TEST(Merge, OrderUnderDisturbanceIsRandomButTheSameForTheSameSeed) {
  const Disturbance one{1, 2, 30}, two{2, 2, 30};
  const auto order = Merged(0, 0, one, 40);
  EXPECT_EQ(order.size(), 80u);
  EXPECT_EQ(order, Merged(0, 0, one, 40));
  EXPECT_NE(order, Merged(0, 0, two, 40));
}

TEST(Engine, PlTransfersOneBeatAtEachOfItsClocks) {
  Pair pair(64, 1);
  std::vector<Cycles> times;
  pair.Writer([&] {
    const uint32_t beat[4] = {1, 2, 3, 4};
    for (int i = 0; i < 3; ++i) {
      WriteBeat(&pair.out, beat, 4, false);
      PlClock();
    }
  });
  pair.Reader(0, [&] {
    uint32_t beat[4];
    bool last;
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(ReadBeat(&pair.ins[0], beat, &last), 4);
      times.push_back(PlCycle());
    }
  });
  pair.engine.Run();
  EXPECT_EQ(times, (std::vector<Cycles>{1, 2, 3}));
}

TEST(Engine, APacketsEndCutsABeatShort) {
  Pair pair(64);
  int words = 0;
  pair.Writer([&] {
    const uint32_t packet[3] = {1, 2, 3};
    Write(&pair.out, packet, 3, 0, true);
  });
  pair.Reader(0, [&] {
    uint32_t beat[4];
    bool last = false;
    words = ReadBeat(&pair.ins[0], beat, &last);
    EXPECT_TRUE(last);
  });
  pair.engine.Run();
  EXPECT_EQ(words, 3);
}

TEST(Engine, SeveralRunAtOnceInOneProcess) {
  auto run = [] { EXPECT_EQ(Merged(0, 0, {7, 3, 9}, 200).size(), 400u); };
  std::thread other(run);
  run();
  other.join();
}

}  // namespace
}  // namespace recurd::emu
