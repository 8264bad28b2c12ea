#include "server/pipeline/recurrent_cell.h"

#include "server/model/evaluate.h"

namespace recurd {

PackedRecurrentCell::PackedRecurrentCell(const RecurrentOp& op, const Kernels& kernels) : cell_(CellOf(op), kernels) {}

}  // namespace recurd
