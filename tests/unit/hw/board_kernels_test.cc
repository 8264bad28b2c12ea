// The movers alone, between streams that the tests hold.
#include <functional>

#include "hw/emu/array.h"
#include "hw/emu/memory_port.h"
#include "hw/pl/control.h"
#include "hw/pl/fetch.h"
#include "hw/pl/store.h"
#include "tests/unit/hw/board_fixture.h"

namespace recurd::emu {
namespace {

constexpr hw::job_sizes kSizes = {2, 3, 2};
using Words = std::vector<uint32_t>;

Words CommandOf(uint32_t op, uint32_t steps, uint32_t sequence) { return {hw::PackHead(op, 0, 0), steps, 0, sequence}; }

class Streams {
 public:
  explicit Streams(Engine* engine) : engine_(engine) {}
  // All of these beats stand in front of the reader.
  void Feed(Process* reader, hw::beat_stream* stream, const Words& words, size_t last_beat = ~size_t{0}) {
    stream->in = engine_->AddReader(engine_->AddChannel("in", "test"), reader, 0, 1 << 12);
    feeds_.push_back({{stream->in.channel}, words, last_beat});
    engine_->AddProcess("test", [feed = &feeds_.back()] {
      for (size_t beat = 0; beat < feed->words.size() / 4; ++beat) {
        WriteBeat(&feed->out, &feed->words[4 * beat], 4, beat == feed->last_beat);
      }
    });
  }
  HostSink* Collect(Process* writer, hw::beat_stream* stream) {
    sinks_.emplace_back(engine_, "sink");
    stream->out.channel = engine_->AddChannel("out", writer->name);
    sinks_.back().Connect(engine_->AddReader(stream->out.channel, sinks_.back().process(), 0, 64));
    return &sinks_.back();
  }

 private:
  struct FeedOf {
    OutPort out;
    Words words;
    size_t last_beat;
  };
  Engine* engine_;
  std::deque<FeedOf> feeds_;
  std::deque<HostSink> sinks_;
};

class StoreTest : public testing::Test {
 protected:
  // A job of these commands, answered by y; returns what goes to the control block.
  Words Run(const Words& commands, const Words& y, uint32_t fault = hw::kFaultNone, const Words& aborted = {}) {
    port_.Connect(&memory_, FakeMemory::kResult);
    Process* store = engine_.AddProcess(
        "store", [this] { hw::store(orders_, y_, aborts_, &port_, FakeMemory::kResultBeats, done_, kSizes); });
    Words orders = {0, 0, 4, 9};  // result offset, generation
    orders.insert(orders.end(), commands.begin(), commands.end());
    orders.insert(orders.end(), {fault, 0, 0, 0});
    streams_.Feed(store, &orders_, orders, orders.size() / 4 - 1);
    streams_.Feed(store, &y_, y);
    streams_.Feed(store, &aborts_, aborted);
    HostSink* done = streams_.Collect(store, &done_);
    engine_.Run();
    port_.Land(1 << 30);
    done_at_ = done->times().back();
    return done->words();
  }
  Words Join(const Words& a, const Words& b) {
    Words joined = a;
    joined.insert(joined.end(), b.begin(), b.end());
    return joined;
  }

  static constexpr Cycles kMemory = 10000;
  static hw::Timing SlowMemory() {
    hw::Timing timing;
    timing.memory_write = kMemory;
    return timing;
  }

  Engine engine_{SlowMemory()};
  Streams streams_{&engine_};
  Cycles done_at_ = 0;
  FakeMemory memory_;
  MemoryPort port_;
  hw::beat_stream orders_, y_, aborts_, done_;
};

const Words kRow = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

TEST_F(StoreTest, WritesARowAndWhatItBelongsTo) {
  const Words command = CommandOf(hw::kOpSwitch, 0, 77);
  EXPECT_EQ(Run(command, Join(command, kRow)), Words({hw::kFaultNone, 0, 0, 0}));
  EXPECT_EQ(memory_.Take(4, 3), kRow);
  EXPECT_EQ(Slice(memory_.Take(7, 1), 0, 3), Words({77, 0, 9}));
  EXPECT_EQ(memory_.written().size(), 4u);
}

TEST_F(StoreTest, AnEchoOfAnotherSequenceIsAFaultAndNothingIsWritten) {
  const Words y = Join(CommandOf(hw::kOpSwitch, 0, 76), kRow);
  EXPECT_EQ(Run(CommandOf(hw::kOpSwitch, 0, 77), y), Words({hw::kFaultBadEcho, 0, 0, 0}));
  EXPECT_TRUE(memory_.written().empty());
}

TEST_F(StoreTest, AnEchoOfAnotherCommandOrOtherStepsIsAFault) {
  const Words y = Join(Join(CommandOf(hw::kOpRun, 2, 77), kRow), kRow);
  EXPECT_EQ(Run(CommandOf(hw::kOpRun, 1, 77), y), Words({hw::kFaultBadEcho, 0, 0, 0}));
}

TEST_F(StoreTest, AnEchoThatLostItsFlagsIsOne) {
  const Words command = CommandOf(hw::kOpSwitch, 0, 77);
  Words echo = command;
  echo[2] = 0xff;
  EXPECT_EQ(Run(command, Join(echo, kRow)), Words({hw::kFaultNone, 0, 0, 0}));
}

TEST_F(StoreTest, AFaultOfFetchIsPassedOnBehindTheRecords) {
  const Words command = CommandOf(hw::kOpSwitch, 0, 77);
  EXPECT_EQ(Run(command, Join(command, kRow), hw::kFaultBadOp), Words({hw::kFaultBadOp, 0, 0, 0}));
  EXPECT_EQ(memory_.written().size(), 4u);
}

TEST_F(StoreTest, AnAbortOfThisGenerationKeepsRecordsBack) {
  const Words command = CommandOf(hw::kOpSwitch, 0, 77);
  EXPECT_EQ(Run(command, Join(command, kRow), 0, {9, 0, 0, 0}), Words({hw::kFaultNone, 0, 0, 0}));
  EXPECT_TRUE(memory_.written().empty());
}

TEST_F(StoreTest, AnAbortThatCameTooLateForAnOlderJobDoesNot) {
  const Words command = CommandOf(hw::kOpSwitch, 0, 77);
  Run(command, Join(command, kRow), 0, {8, 0, 0, 0});
  EXPECT_EQ(memory_.written().size(), 4u);
}

// More records than requests that may be unanswered: sixteen, three times. Each is answered in the end.
TEST_F(StoreTest, ManyRecordsAreAllWrittenBeforeDone) {
  const Words command = CommandOf(hw::kOpRun, 40, 77);
  Words y = command;
  for (int step = 0; step < 40; ++step) y.insert(y.end(), kRow.begin(), kRow.end());
  EXPECT_EQ(Run(command, y), Words({hw::kFaultNone, 0, 0, 0}));
  EXPECT_EQ(memory_.written().size(), 160u);
  EXPECT_FALSE(port_.unanswered());
  EXPECT_GT(done_at_, 3 * kMemory);
  EXPECT_LT(done_at_, 4 * kMemory);
}

// The store mover's part is played by a sink.
TEST(FetchTest, HandsOnWholeCommandsAndSaysWhichAndHowItEnded) {
  Engine engine{hw::Timing()};
  Streams streams(&engine);
  FakeMemory memory;
  MemoryPort port;
  port.Connect(&memory, FakeMemory::kInput);
  Words words = CommandOf(hw::kOpRun, 1, 5);
  words.insert(words.end(), {1, 2, 3, 4, 5, 6, 7, 8});
  const Words good = words, bad = CommandOf(9, 0, 6);
  words.insert(words.end(), bad.begin(), bad.end());
  memory.Put(10, words);
  hw::beat_stream jobs, commands, orders;
  Process* fetch =
      engine.AddProcess("fetch", [&] { hw::fetch(jobs, &port, FakeMemory::kInputBeats, commands, orders, kSizes); });
  streams.Feed(fetch, &jobs, {10, 4, 20, 3});
  HostSink* fed = streams.Collect(fetch, &commands);
  HostSink* said = streams.Collect(fetch, &orders);
  engine.Run();
  EXPECT_EQ(fed->words(), good);
  EXPECT_EQ(said->words(), Words({10, 4, 20, 3, good[0], 1, 0, 5, hw::kFaultBadOp, 0, 0, 0}));
}

TEST(FetchTest, WaitsForMemoryOnceAJob) {
  Engine engine{hw::Timing()};
  Streams streams(&engine);
  FakeMemory memory;
  MemoryPort port;
  port.Connect(&memory, FakeMemory::kInput);
  Words words = CommandOf(hw::kOpRun, 30, 5);
  words.resize(4 + 30 * 8);
  memory.Put(0, words);
  hw::beat_stream jobs, commands, orders;
  Process* fetch =
      engine.AddProcess("fetch", [&] { hw::fetch(jobs, &port, FakeMemory::kInputBeats, commands, orders, kSizes); });
  streams.Feed(fetch, &jobs, {0, 61, 0, 0});
  HostSink* fed = streams.Collect(fetch, &commands);
  streams.Collect(fetch, &orders);
  engine.Run();
  const hw::Timing timing;
  EXPECT_GE(fed->times().front(), timing.memory_read);
  EXPECT_EQ(fed->times().back() - fed->times().front(), 60 * timing.pl_clock);
}

}  // namespace
}  // namespace recurd::emu
