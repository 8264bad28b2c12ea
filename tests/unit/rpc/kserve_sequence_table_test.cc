// The table of sequences by itself.
#include <gtest/gtest.h>

#include <memory>

#include "server/rpc/kserve_sequences.h"
#include "tests/unit/fakes/fake_pipeline.h"

namespace recurd::kserve {
namespace {

struct TableRequest final : SequenceRequest {
  float* OutputRoom(int) override { return &y; }
  void OnDone() override { ++done; }
  float x = 1, y = 0;
  int done = 0;
};

TEST(KserveSequenceTableTest, ANameIsIdentityModelAndId) {
  FakeClock clock;
  FakePipeline pipeline(clock);
  Metrics metrics;
  Engine engine(pipeline, metrics, clock, {});
  auto served = std::make_shared<ServedModel>();
  served->model = FakePipeline::MakeModel();
  served->prepared = *pipeline.Prepare(served->model);
  served->metrics = metrics.AddModel("adder", "fake", 0);
  SequenceTable table(engine, clock);
  TableRequest request;
  request.inputs = {&request.x, 1};
  const SequenceId id = {.number = 7};
  table.Start({"alice", "adder", id}, served, false, &request);
  EXPECT_EQ(request.done, 1);
  EXPECT_NE(table.Find({"alice", "adder", id}), nullptr);
  EXPECT_EQ(table.Find({"bob", "adder", id}), nullptr);
  EXPECT_EQ(table.Find({"alice", "other", id}), nullptr);
  EXPECT_EQ(table.Find({"alicea", "dder", id}), nullptr);
  EXPECT_EQ(table.Find({"alice", "adder", {.number = 8}}), nullptr);
  EXPECT_EQ(table.Find({"alice", "adder", {.text = absl::string_view("\7\0\0\0\0\0\0\0", 8)}}), nullptr);
}

}  // namespace
}  // namespace recurd::kserve
