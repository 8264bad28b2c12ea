#ifndef RECURD_HW_MODEL_CASCADE_FORM_H_
#define RECURD_HW_MODEL_CASCADE_FORM_H_

#include "hw/model/closed_form.h"

namespace recurd {
namespace hw {

// Of the mapping `cascade`. C++17.
ClosedForm CascadeForm(const Shape& shape, const Timing& timing);

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_MODEL_CASCADE_FORM_H_
