#ifndef RECURD_HW_MODEL_LANES_FORM_H_
#define RECURD_HW_MODEL_LANES_FORM_H_

#include <string>
#include <vector>

#include "hw/config/lanes.h"
#include "hw/model/closed_form.h"

namespace recurd {
namespace hw {

// A layer of the lanes mapping.
struct LaneShape {
  int hidden_size = 0, input_size = 0;
  LaneCell cell = LaneCell::kGruAfter;
  LaneNumerics numerics = LaneNumerics::kLut;
  int weight_sets = 2;
};

// What keeps a stack off the array, with the number, the limit and the way out; "" if nothing does.
std::string LanesLimit(const std::vector<LaneShape>& layers);

int LanesTiles(const std::vector<LaneShape>& layers);

// Modelled times of a stack's steps: `steady`, `recurrent`, `inputs` and `parts` are those of the slowest layer,
// `first` and `switch_in` run through all. Agrees with the emulator within two PL cycles for one layer; where tiles are
// split and the PL clock isn't a quarter of the array's, within four for `first`. C++17.
// Precondition: LanesLimit(layers) is "".
ClosedForm LanesForm(const std::vector<LaneShape>& layers, const Timing& timing);

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_MODEL_LANES_FORM_H_
