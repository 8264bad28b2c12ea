#include "server/pipeline/cpu/cpu_pipeline.h"
#include "server/pipeline/sim/sim_pipeline.h"
#include "tests/conformance/subject.h"

namespace recurd {
namespace {

class Cpu final : public Subject {
 public:
  Pipeline& Make(hw::LaneCell) override { return pipeline_; }

 private:
  CpuPipeline pipeline_;
};

class Sim final : public Subject {
 public:
  Sim(const char* mapping, bool exact) : mapping_(mapping), exact_(exact) {}
  Pipeline& Make(hw::LaneCell) override {
    pipeline_ = SimPipeline::Make(mapping_, exact_, "").value();
    return *pipeline_;
  }

 private:
  const char* mapping_;
  const bool exact_;
  std::unique_ptr<SimPipeline> pipeline_;
};

template <const char* mapping, bool exact>
std::unique_ptr<Subject> MakeSim() {
  return std::make_unique<Sim>(mapping, exact);
}

constexpr char kLanes[] = "lanes", kLanesExact[] = "lanes_exact", kHybrid[] = "hybrid", kCascade[] = "cascade",
               kAie[] = "aie";

}  // namespace

std::vector<SubjectCase> PlainSubjects() {
  return {{"cpu", 1e-5, [] { return std::unique_ptr<Subject>(new Cpu); }},
          {"sim_lanes", 0.05, &MakeSim<kLanes, false>},
          {"sim_lanes_emulated", 0.05, &MakeSim<kLanes, true>},
          {"sim_lanes_exact", 1e-5, &MakeSim<kLanesExact, false>},
          {"sim_hybrid", 0.05, &MakeSim<kHybrid, false>},
          {"sim_aie", 0.05, &MakeSim<kAie, false>},
          {"sim_cascade", 0.05, &MakeSim<kCascade, false>}};
}

}  // namespace recurd
