#ifndef RECURD_HW_MODEL_OCCUPANCY_H_
#define RECURD_HW_MODEL_OCCUPANCY_H_

#include <vector>

#include "hw/model/closed_form.h"
#include "hw/model/footprint.h"

// How long a step holds each resource, whatever it waits for. Sessions that take turns on an array (C-slow) can't have
// a step more often than the slowest one allows. Planned: no kernel interleaves sessions. C++17.
namespace recurd {
namespace hw {

// Times and parts of a layer's step in its mapping. Precondition: FootprintLimit(shape) is "".
ClosedForm FormOf(const PlannedShape& shape, const Timing& timing);

// Accuracy: read off the kernels word by word; what a tile does while words stream is not counted twice.
// Precondition: FootprintLimit(shape) is "".
std::vector<Part> Occupancies(const PlannedShape& shape, const Timing& timing);

struct Interleaving {
  int sessions;          // at most kStateSlots; one if taking turns wins nothing
  Cycles period;         // between two steps of any of them
  const char* resource;  // that ends it
};
Interleaving PlanInterleaving(const PlannedShape& shape, const Timing& timing);

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_MODEL_OCCUPANCY_H_
