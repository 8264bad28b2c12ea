#include "server/pipeline/recurrent_cell.h"

#include "server/model/evaluate.h"

namespace recurd {

PackedRecurrentCell::PackedRecurrentCell(const RecurrentOp& op, ActivationForm form, const Kernels& kernels)
    : cell_(CellOf(op, form), kernels) {}

}  // namespace recurd
