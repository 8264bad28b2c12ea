#ifndef RECURD_HW_MODEL_ROWWISE_FORM_H_
#define RECURD_HW_MODEL_ROWWISE_FORM_H_

#include "hw/model/closed_form.h"

namespace recurd {
namespace hw {

// Of the mappings `hybrid` and `aie`. C++17.
ClosedForm RowwiseForm(const Shape& shape, const Timing& timing);

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_MODEL_ROWWISE_FORM_H_
