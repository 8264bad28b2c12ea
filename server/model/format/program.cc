#include "server/model/format/program.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace recurd::format {
namespace {

// Shuffling features costs one copy a piece and step: beyond this many ops a model is refused.
constexpr size_t kMaxOpCount = 65536;

// Length of the run of adjacent places that starts at `begin`.
size_t RunLength(const std::vector<int>& places, size_t begin) {
  size_t end = begin + 1;
  while (end < places.size() && places[end] == places[end - 1] + 1) ++end;
  return end - begin;
}

// If places are a run with each place repeated equally often, that number; else 0.
size_t RepeatCount(const std::vector<int>& places) {
  size_t repeat = 1;
  while (repeat < places.size() && places[repeat] == places[0]) ++repeat;
  if (repeat == 1 || places.size() % repeat != 0) return 0;
  for (size_t i = 0; i < places.size(); ++i) {
    if (places[i] != places[0] + static_cast<int>(i / repeat)) return 0;
  }
  return repeat;
}

}  // namespace

Span Program::Allocate(int size, int pass) {
  const Span at{frame_size, size};
  blocks.push_back({at, pass});
  frame_size += size + 1;
  return at;
}

Span Program::AddConstant(std::vector<float> values) {
  const Span at = Allocate(static_cast<int>(values.size()), 0);
  blocks.back().is_constant = true;
  blocks.back().values = std::move(values);
  return at;
}

int Program::AddState(LayerState state) {
  state.spec.offset = state_size;
  state_size += state.spec.size;
  states.push_back(std::move(state));
  return states.back().spec.offset;
}

std::string Program::UniqueName(const std::string& name) {
  for (;;) {
    const int count = ++name_counts_[name];
    std::string unique = count == 1 ? name : absl::StrCat(name, "#", count);
    if (count == 1 || ++name_counts_[unique] == 1) return unique;
  }
}

int Program::BlockOf(int place) const {
  const auto next = std::upper_bound(blocks.begin(), blocks.end(), place,
                                     [](int offset, const Block& block) { return offset < block.at.offset; });
  return static_cast<int>(next - blocks.begin()) - 1;
}

int Program::Hold(int place, int pass) {
  const int block = BlockOf(place);
  if (blocks[block].is_constant || blocks[block].held >= 0) return place;
  const auto [found, is_new] = held_.try_emplace({block, pass}, static_cast<int>(blocks.size()));
  if (is_new) {
    Allocate(blocks[block].at.size, pass + 1);
    blocks.back().held = block;
    blocks.back().held_pass = pass;
  }
  return blocks[found->second].at.offset + (place - blocks[block].at.offset);
}

absl::StatusOr<Span> Program::Gather(const std::vector<int>& places, int pass) {
  const int size = static_cast<int>(places.size());
  if (RunLength(places, 0) == places.size()) return Span{places[0], size};
  if (const size_t repeat = RepeatCount(places); repeat > 0) {
    const Span out = Allocate(size, pass);
    ops.push_back(RepeatOp{{places[0], static_cast<int>(size / repeat)}, out});
    return out;
  }
  const Span out = Allocate(size, pass);
  for (size_t begin = 0; begin < places.size();) {
    const int length = static_cast<int>(RunLength(places, begin));
    ops.push_back(CopyOp{{places[begin], length}, {out.offset + static_cast<int>(begin), length}});
    begin += length;
    if (ops.size() > kMaxOpCount) {
      return absl::InvalidArgumentError(absl::StrCat("a step takes more than ", kMaxOpCount,
                                                     " operations; the limit is on copies of shuffled features"));
    }
  }
  return out;
}

}  // namespace recurd::format
