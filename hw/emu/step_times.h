#ifndef RECURD_HW_EMU_STEP_TIMES_H_
#define RECURD_HW_EMU_STEP_TIMES_H_

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "hw/emu/gru_system.h"

namespace recurd {
namespace emu {

// Modelled times of a mapping's steps, in AIE cycles. A chunk of T steps takes switch_in + first + (T - 1) * steady
// from the hand-over of its SWITCH and RUN to an idle array until the last word of its last state row is in the PL.
struct StepTimes {
  Cycles first = 0;      // from the hand-over of RUN to the last word of the first state row
  double steady = 0;     // between the first words of two state rows: the mean over the second half of the steps
  Cycles switch_in = 0;  // what a SWITCH in front of RUN adds
};

using MakeGruSystem = std::function<absl::StatusOr<std::unique_ptr<GruSystem>>(const hw::Timing&)>;

// Runs a chunk of `steps` on two fresh systems, with and without a SWITCH. Times don't depend on data: all are zero.
// Errors: those of `make` and of GruSystem::RunUntil.
absl::StatusOr<StepTimes> RunStepTimes(const MakeGruSystem& make, const hw::Timing& timing, int hidden_size,
                                       int input_size, int steps);
// The same for a layer that `weights` tells the sizes of, with state rows of so many words.
absl::StatusOr<StepTimes> RunStepTimes(const MakeGruSystem& make, const hw::Timing& timing, const GruWeights& weights,
                                       int state_words, int steps);

}  // namespace emu
}  // namespace recurd

#endif  // RECURD_HW_EMU_STEP_TIMES_H_
