#include "server/model/format/simplify.h"

#include <unordered_map>
#include <utility>

#include "server/model/format/op_spans.h"

namespace recurd::format {
namespace {

void Keep(Program& program, const std::vector<bool>& is_kept) {
  std::vector<Op> kept;
  for (size_t i = 0; i < program.ops.size(); ++i) {
    if (is_kept[i]) kept.push_back(std::move(program.ops[i]));
  }
  program.ops = std::move(kept);
}

// Walks back from the outputs. A cell state that is read needs its layer.
void RemoveDeadOps(Program& program, const std::vector<TensorSpec>& outputs) {
  std::vector<bool> is_needed(program.blocks.size(), false), is_live(program.ops.size(), false);
  std::vector<bool> is_state_read(program.state_size + 1, false);
  const auto need = [&](const Span& span) {
    const int block = program.BlockOf(span.offset);
    is_needed[block] = true;
    if (const int held = program.blocks[block].held; held >= 0) is_needed[held] = true;
  };
  for (const TensorSpec& output : outputs) need(output.frame);
  for (size_t i = program.ops.size(); i-- > 0;) {
    Op& op = program.ops[i];
    const auto* recurrent = std::get_if<RecurrentOp>(&op);
    const bool is_read =
        recurrent && recurrent->cell == CellKind::kLstm && is_state_read[recurrent->state_offset + recurrent->out.size];
    if (!is_needed[program.BlockOf(OutOf(op).offset)] && !is_read) continue;
    is_live[i] = true;
    VisitReads(op, need);
    if (const auto* read = std::get_if<StateReadOp>(&op)) is_state_read[read->state_offset] = true;
  }
  Keep(program, is_live);
}

// product + constant becomes a DenseOp with that bias, where nothing else reads the product.
void FuseBiases(Program& program, const std::vector<TensorSpec>& outputs) {
  std::vector<int> read_counts(program.blocks.size(), 0);
  const auto count_read = [&](const Span& span) { ++read_counts[program.BlockOf(span.offset)]; };
  for (const TensorSpec& output : outputs) count_read(output.frame);
  for (const Program::Block& block : program.blocks) {
    if (block.held >= 0) ++read_counts[block.held];
  }
  std::unordered_map<int, DenseOp*> products;  // by block
  for (Op& op : program.ops) {
    VisitReads(op, count_read);
    auto* dense = std::get_if<DenseOp>(&op);
    if (dense && dense->in.size == dense->matrix.cols) products[program.BlockOf(dense->out.offset)] = dense;
  }
  std::vector<bool> is_kept(program.ops.size(), true);
  for (size_t i = 0; i < program.ops.size(); ++i) {
    const auto* sum = std::get_if<BinaryOp>(&program.ops[i]);
    if (sum == nullptr || sum->kind != BinaryKind::kAdd || sum->a.size != sum->b.size) continue;
    const int pass = program.blocks[program.BlockOf(sum->out.offset)].pass;
    for (const auto& [product, bias] : {std::pair(sum->a, sum->b), std::pair(sum->b, sum->a)}) {
      const auto found = products.find(program.BlockOf(product.offset));
      const Program::Block& constant = program.blocks[program.BlockOf(bias.offset)];
      if (found == products.end() || !constant.is_constant || read_counts[found->first] != 1) continue;
      if (program.blocks[found->first].pass != pass) continue;
      DenseOp& dense = *found->second;
      if (product.size != dense.out.size) continue;
      const auto begin = constant.values.begin() + (bias.offset - constant.at.offset);
      dense.bias.assign(begin, begin + bias.size);
      dense.out = sum->out;
      products.erase(found);
      is_kept[i] = false;
      break;
    }
  }
  Keep(program, is_kept);
}

}  // namespace

void Simplify(Program& program, const std::vector<TensorSpec>& outputs) {
  RemoveDeadOps(program, outputs);
  FuseBiases(program, outputs);
}

}  // namespace recurd::format
