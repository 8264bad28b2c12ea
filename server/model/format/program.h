#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "server/model/model.h"

namespace recurd::format {

// A piece of state that a recurrent op carries, before the layout is final.
struct LayerState {
  StateSpec spec;              // offset: provisional, as the ops have it
  std::vector<float> initial;  // [spec.size]
  int state_input = -1;        // which graph input gives the initial value, from spec.input_offset on; -1: none
};

// The program while it grows. Every op writes places of the frame that nothing else writes. Blocks never touch each
// other, so that a run of adjacent places always lies in one block; FinishModel closes the gaps.
struct Program {
  struct Block {
    Span at;
    int pass = 0;  // that writes it; a constant's and an input's place is readable in every pass
    bool is_constant = false;
    std::vector<float> values;  // of a constant
    // Holds what block `held` had after the last step of pass `held_pass`; no op writes it. -1: none.
    int held = -1;
    int held_pass = 0;
  };

  // Ascending, at.offset apart by more than at.size.
  std::vector<Block> blocks;
  std::vector<Op> ops;
  std::vector<LayerState> states;
  int frame_size = 0;
  int state_size = 0;

  // Precondition: the frame stays below 2^30 (the importer's budget sees to it).
  Span Allocate(int size, int pass);
  Span AddConstant(std::vector<float> values);
  // Returns its offset in the state.
  int AddState(LayerState state);
  // `name`, or if it was given before that with #2, #3 ...
  std::string UniqueName(const std::string& name);

  int BlockOf(int place) const;
  // Where passes behind `pass` find what stood at `place` after its last step.
  int Hold(int place, int pass);

  // The values at `places` as one run of the frame: where they stand, or copied together in a pass that can read them.
  // Precondition: not empty. Errors: INVALID_ARGUMENT if that takes too many copies.
  absl::StatusOr<Span> Gather(const std::vector<int>& places, int pass);

 private:
  std::map<std::pair<int, int>, int> held_;  // (block, pass) -> the block that holds it
  std::map<std::string, int> name_counts_;
};

}  // namespace recurd::format
