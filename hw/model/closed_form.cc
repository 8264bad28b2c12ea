#include "hw/model/closed_form.h"

#include "hw/model/cascade_form.h"
#include "hw/model/rowwise_form.h"

namespace recurd {
namespace hw {

ClosedForm ComputeClosedForm(const Shape& shape, const Timing& timing) {
  return shape.mapping == kMappingCascade ? CascadeForm(shape, timing) : RowwiseForm(shape, timing);
}

}  // namespace hw
}  // namespace recurd
