#ifndef RECURD_TESTS_VIRTUAL_BOARD_FAULT_PLAN_H_
#define RECURD_TESTS_VIRTUAL_BOARD_FAULT_PLAN_H_

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace recurd {
namespace virtual_board {

// The fault switches of README.md: which are on, and at which of their events they strike.
// Threads: one at a time.
class FaultPlan {
 public:
  // Takes the switches of the environment. Errors: as Set.
  absl::Status Begin();
  // Errors: INVALID_ARGUMENT naming the switch that isn't one; then the switches stay as they were.
  absl::Status Set(std::string_view text);
  // Reads RECURD_VIRTUAL_BOARD_FAULT_FILE if it has changed since. What is wrong with it goes to stderr.
  void LookAtFile();

  // An event of this switch: its value if it strikes now. Counts the event.
  std::optional<int64_t> Strike(std::string_view name);
  // Of a switch without events: its value if it is on.
  std::optional<int64_t> On(std::string_view name) const;
  // Whether this switch strikes at every event, the first one too.
  bool Always(std::string_view name) const;
  // Counts Set; whoever acts on a switch as soon as it is set compares it.
  uint64_t revision() const { return revision_; }

 private:
  struct Switch {
    std::string name;
    int64_t value = 0;
    uint64_t first = 1, last = ~uint64_t{0};  // events
    uint64_t seen = 0;
  };
  static absl::Status Parse(const std::string& word, Switch* to);

  std::vector<Switch> switches_;
  std::string file_;
  struct stat file_state_ = {};
  uint64_t revision_ = 0;
};

}  // namespace virtual_board
}  // namespace recurd

#endif  // RECURD_TESTS_VIRTUAL_BOARD_FAULT_PLAN_H_
