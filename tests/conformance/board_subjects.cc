// --pipeline=xrt through AMD's library on the virtual board (tests/virtual_board).
#include "tests/conformance/subject.h"
#include "tests/unit/pipeline/xrt/virtual_board.h"

namespace recurd {
namespace {

class OnBoard final : public Subject, private VirtualBoardTest {
 public:
  explicit OnBoard(hw::Mapping mapping) : mapping_(mapping) {}

  Pipeline& Make(hw::LaneCell cell) override {
    pipeline_.reset();
    PowerCycle();
    return Open(mapping_, {32, 8, cell});
  }
  bool FailNextRun() override { return hooks_.set_faults("corrupt@1") == 0; }

 private:
  void TestBody() override {}
  const hw::Mapping mapping_;
};

template <hw::Mapping mapping>
std::unique_ptr<Subject> MakeBoard() {
  return std::make_unique<OnBoard>(mapping);
}

}  // namespace

std::vector<SubjectCase> BoardSubjects() {
  return {{"xrt_lanes", 0.05, &MakeBoard<hw::kMappingLanes>},
          {"xrt_lanes_exact", 1e-5, &MakeBoard<hw::kMappingLanesExact>},
          {"xrt_hybrid", 0.05, &MakeBoard<hw::kMappingHybrid>},
          {"xrt_aie", 0.05, &MakeBoard<hw::kMappingAie>},
          {"xrt_cascade", 0.05, &MakeBoard<hw::kMappingCascade>}};
}

}  // namespace recurd
