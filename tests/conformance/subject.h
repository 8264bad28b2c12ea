#pragma once

#include <memory>
#include <string>
#include <vector>

#include "hw/config/lanes.h"
#include "server/pipeline/pipeline.h"

namespace recurd {

// A pipeline under test: everything here has to hold for all of them alike.
class Subject {
 public:
  virtual ~Subject() = default;
  // For layers of such a cell, of at most 32 units and 8 inputs. The last one is gone then.
  virtual Pipeline& Make(hw::LaneCell cell) = 0;
  // Lets the next run fail. False if nothing can make it fail.
  virtual bool FailNextRun() { return false; }
};

struct SubjectCase {
  const char* name;
  double bound;  // of logits up to 20, beside torch's
  std::unique_ptr<Subject> (*make)();
};

// Those that run without a board, and those on the virtual one, if this build has it.
std::vector<SubjectCase> PlainSubjects();
std::vector<SubjectCase> BoardSubjects();

}  // namespace recurd
