#include "server/model/format/finish_passes.h"

#include <algorithm>
#include <climits>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/model/format/op_spans.h"
#include "server/model/format/simplify.h"

namespace recurd::format {
namespace {

constexpr int kEachStep = -1;

// What a pass leaves in the rows: a block as each step has it, or as it is after the pass's last step.
struct Column {
  int block = 0;
  bool is_final = false;
  int written_in = 0, last_read_in = 0;  // passes
  Span at;                               // in the row
};

// Which columns there are, and which passes write and read them.
class Columns {
 public:
  Columns(const Program& program, const std::vector<TensorSpec>& inputs, int pass_count)
      : program_(program), reads_(pass_count) {
    for (const TensorSpec& input : inputs) {
      const int block = program.BlockOf(input.frame.offset);
      keys_[{block, kEachStep}] = static_cast<int>(columns_.size());
      columns_.push_back({.block = block, .last_read_in = INT_MAX});
    }
    input_count_ = columns_.size();
  }

  // An op of `pass` reads the block.
  void Read(int block, int pass) {
    const Program::Block& read = program_.blocks[block];
    const bool is_own = read.held < 0 && read.pass == pass && !IsInput(block);
    if (read.is_constant || is_own) return;
    const int column = EachStep(block);
    reads_[pass][block] = column;
    columns_[column].last_read_in = std::max(columns_[column].last_read_in, pass);
  }

  // The column of an output, which is kept to the end.
  int EachStepOutput(int block) { return Kept(EachStep(block)); }
  int FinalOutput(int block, int pass) { return Kept(Final(block, pass)); }

  // Gives every column its place. Returns the row's size, which may be too large.
  int64_t LayOut() {
    std::vector<size_t> order(columns_.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin() + static_cast<ptrdiff_t>(input_count_), order.end(),
                     [&](size_t a, size_t b) { return columns_[a].written_in < columns_[b].written_in; });
    int64_t size = 0;
    std::multimap<int, Span> free;                // by size
    std::multimap<int, const Column*> not_freed;  // by the pass that reads it last
    for (size_t i : order) {
      Column& column = columns_[i];
      const auto dead_end = not_freed.lower_bound(column.written_in);
      for (auto dead = not_freed.begin(); dead != dead_end; ++dead)
        free.emplace(dead->second->at.size, dead->second->at);
      not_freed.erase(not_freed.begin(), dead_end);
      const int width = program_.blocks[column.block].at.size;
      if (const auto fit = free.lower_bound(width); fit != free.end()) {
        const Span room = fit->second;
        free.erase(fit);
        column.at = {room.offset, width};
        if (room.size > width) free.emplace(room.size - width, Span{room.offset + width, room.size - width});
      } else {
        column.at = {static_cast<int>(size), width};
        size += width;
        if (size > kMaxRowSize) return size;
      }
      not_freed.emplace(column.last_read_in, &column);
    }
    return size;
  }

  const std::vector<Column>& all() const { return columns_; }
  size_t input_count() const { return input_count_; }
  // The blocks that a pass takes from its row, with their columns.
  const std::map<int, int>& reads(int pass) const { return reads_[pass]; }

 private:
  bool IsInput(int block) const {
    const auto found = keys_.find({block, kEachStep});
    return found != keys_.end() && static_cast<size_t>(found->second) < input_count_;
  }
  int Kept(int column) {
    columns_[column].last_read_in = INT_MAX;
    return column;
  }
  int EachStep(int block) {
    const Program::Block& wanted = program_.blocks[block];
    if (wanted.held >= 0) return Final(wanted.held, wanted.held_pass);
    const auto [found, is_new] = keys_.try_emplace({block, kEachStep}, static_cast<int>(columns_.size()));
    if (is_new) columns_.push_back({.block = block, .written_in = wanted.pass, .last_read_in = wanted.pass});
    return found->second;
  }
  int Final(int block, int pass) {
    const auto [found, is_new] = keys_.try_emplace({block, pass}, static_cast<int>(columns_.size()));
    const int column = found->second;
    if (is_new) {
      columns_.push_back({.block = block, .is_final = true, .written_in = pass, .last_read_in = pass});
      Read(block, pass);
    }
    return column;
  }

  const Program& program_;
  std::vector<Column> columns_;
  size_t input_count_ = 0;
  std::map<std::pair<int, int>, int> keys_;  // (block, pass after which, or kEachStep)
  std::vector<std::map<int, int>> reads_;
};

class Splitter {
 public:
  Splitter(Program program, const PassList& passes, std::vector<TensorSpec> inputs, std::vector<TensorSpec> outputs,
           std::vector<StateInputSpec> state_inputs)
      : program_(std::move(program)),
        passes_(passes),
        columns_(program_, inputs, passes.count()),
        parts_(passes.count()) {
    model_.inputs = std::move(inputs);
    model_.outputs = std::move(outputs);
    model_.state_inputs = std::move(state_inputs);
    model_.whole_sequence_reason = passes.reason();
  }

  absl::StatusOr<Model> Split(const std::vector<NamedValue>& outputs) {
    FindColumns(outputs);
    const int64_t row_size = columns_.LayOut();
    if (row_size > kMaxRowSize) {
      return absl::InvalidArgumentError(absl::StrCat(
          "a step leaves ", row_size, " or more values for later walks over the sequence; the limit is ", kMaxRowSize));
    }
    model_.row_size = static_cast<int>(row_size);
    LayOutTensors();
    SplitOps();
    for (int pass = 0; pass < passes_.count(); ++pass) RECURD_RETURN_IF_ERROR(AddPass(pass));
    return std::move(model_);
  }

 private:
  // One pass's share of the program.
  struct Part {
    Program program;
    std::set<int> blocks;
  };

  int BlockOf(const Span& span) const { return program_.BlockOf(span.offset); }
  int PassOf(Op& op) const { return program_.blocks[BlockOf(OutOf(op))].pass; }

  void FindColumns(const std::vector<NamedValue>& outputs) {
    for (Op& op : program_.ops) {
      VisitReads(op, [&](const Span& span) { columns_.Read(BlockOf(span), PassOf(op)); });
    }
    for (size_t i = 0; i < outputs.size(); ++i) {
      const int block = BlockOf(model_.outputs[i].frame);
      output_columns_.push_back(model_.outputs[i].has_time_axis ? columns_.EachStepOutput(block)
                                                                : columns_.FinalOutput(block, outputs[i].value.pass));
    }
  }

  void LayOutTensors() {
    model_.input_size = LayOutRow(model_.inputs);
    model_.output_size = LayOutRow(model_.outputs);
    for (TensorSpec& input : model_.inputs) input.frame = input.row;
    for (size_t i = 0; i < model_.outputs.size(); ++i) {
      Span& frame = model_.outputs[i].frame;
      const int in_block = frame.offset - program_.blocks[BlockOf(frame)].at.offset;
      frame.offset = columns_.all()[output_columns_[i]].at.offset + in_block;
    }
  }

  void SplitOps() {
    std::unordered_map<int, int> pass_of_state;
    for (Op& op : program_.ops) {
      Part& part = parts_[PassOf(op)];
      VisitReads(op, [&](const Span& span) { part.blocks.insert(BlockOf(span)); });
      part.blocks.insert(BlockOf(OutOf(op)));
      if (HasState(op)) pass_of_state[*StateOffsetOf(op)] = PassOf(op);
      const auto* layer = std::get_if<RecurrentOp>(&op);
      if (layer && layer->cell == CellKind::kLstm) pass_of_state[layer->state_offset + layer->out.size] = PassOf(op);
      part.program.ops.push_back(std::move(op));
    }
    program_.ops.clear();
    for (LayerState& state : program_.states) {
      const auto found = pass_of_state.find(state.spec.offset);
      if (found != pass_of_state.end()) parts_[found->second].program.states.push_back(std::move(state));
    }
  }

  // The columns that a pass takes up, as its inputs; or those that it writes, as its outputs.
  std::vector<TensorSpec> Reads(int pass) {
    std::vector<TensorSpec> tensors;
    for (const auto& [block, column] : columns_.reads(pass)) tensors.push_back(Tensor(column, block, true));
    return tensors;
  }
  std::vector<TensorSpec> Writes(int pass) {
    std::vector<TensorSpec> tensors;
    for (size_t i = columns_.input_count(); i < columns_.all().size(); ++i) {
      const Column& column = columns_.all()[i];
      if (column.written_in == pass) tensors.push_back(Tensor(static_cast<int>(i), column.block, !column.is_final));
    }
    return tensors;
  }
  TensorSpec Tensor(int index, int block, bool has_time_axis) {
    const Column& column = columns_.all()[index];
    return {.name = absl::StrCat("column ", column.at.offset),
            .row = column.at,
            .shape = {has_time_axis ? -1 : 1, column.at.size},
            .has_time_axis = has_time_axis,
            .frame = program_.blocks[block].at};
  }

  absl::Status AddPass(int pass) {
    std::vector<TensorSpec> reads = Reads(pass), writes = Writes(pass);
    if (writes.empty()) return absl::OkStatus();
    Part& part = parts_[pass];
    for (const auto* tensors : {&reads, &writes}) {
      for (const TensorSpec& tensor : *tensors) part.blocks.insert(BlockOf(tensor.frame));
    }
    for (int block : part.blocks) {
      part.program.blocks.push_back(program_.blocks[block]);
      const std::vector<float>& values = program_.blocks[block].values;
      if (values.size() > 1 && counted_constants_.insert(block).second) {
        model_.parameter_count += CountParameters(values);
      }
    }
    RECURD_ASSIGN_OR_RETURN(Model step, LayOutStep(std::move(part.program), std::move(reads), std::move(writes), true,
                                                   model_.state_inputs));
    step.input_size = step.output_size = model_.row_size;
    step.name = absl::StrCat("pass ", model_.passes.size());
    frame_size_ += step.frame_size;
    if (frame_size_ > kMaxFrameSize) {
      return absl::InvalidArgumentError(
          absl::StrCat("the steps of all passes work on more than ", kMaxFrameSize, " values"));
    }
    model_.parameter_count += CountParameters(step.ops);
    Pass added{.backward = passes_.is_backward(pass), .state_offset = model_.state_size()};
    for (const TensorSpec& output : step.outputs) {
      if (!output.has_time_axis) added.finals.push_back(output.row);
    }
    for (StateSpec state : step.states) {
      state.offset += added.state_offset;
      model_.states.push_back(std::move(state));
    }
    model_.initial_state.insert(model_.initial_state.end(), step.initial_state.begin(), step.initial_state.end());
    added.step = std::make_shared<const Model>(std::move(step));
    model_.passes.push_back(std::move(added));
    return absl::OkStatus();
  }

  Program program_;
  const PassList& passes_;
  Columns columns_;
  std::vector<Part> parts_;
  std::vector<int> output_columns_;
  std::set<int> counted_constants_;
  int64_t frame_size_ = 0;
  Model model_;
};

}  // namespace

absl::StatusOr<Model> FinishWholeSequenceModel(Program program, const PassList& passes, std::vector<TensorSpec> inputs,
                                               const std::vector<NamedValue>& outputs,
                                               std::vector<StateInputSpec> state_inputs) {
  RECURD_ASSIGN_OR_RETURN(std::vector<TensorSpec> specs, AddOutputs(program, outputs));
  Simplify(program, specs);
  RECURD_RETURN_IF_ERROR(CheckHasLayer(program));
  return Splitter(std::move(program), passes, std::move(inputs), std::move(specs), std::move(state_inputs))
      .Split(outputs);
}

}  // namespace recurd::format
