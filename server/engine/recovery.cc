#include "server/engine/recovery.h"

namespace recurd {

Recovery::Next Recovery::OnFailure(const Failure& failure) {
  const bool repair = failure.lost || failure.attempt == Try::kSecond;
  if (repair) {
    state_ = fruitless_ && failure.session != suspect_ ? State::kLost : State::kDown;
    suspect_ = fruitless_ ? 0 : failure.session;  // the second repair in a row has no excuse left
  }
  if (failure.poisoned || failure.attempt == Try::kAfterRepair) return Next::kFail;
  return repair ? Next::kWait : Next::kRetry;
}

void Recovery::OnRepaired(bool repaired) {
  state_ = repaired ? State::kUp : State::kLost;
  fruitless_ = repaired;
}

}  // namespace recurd
