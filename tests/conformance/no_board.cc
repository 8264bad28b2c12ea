#include "tests/conformance/subject.h"

namespace recurd {

std::vector<SubjectCase> BoardSubjects() { return {}; }

}  // namespace recurd
