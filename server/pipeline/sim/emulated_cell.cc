#include "server/pipeline/sim/emulated_cell.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "server/base/status_macros.h"

namespace recurd::sim {

absl::StatusOr<std::unique_ptr<EmulatedCell>> EmulatedCell::Make(const emu::Placement& placement,
                                                                 const emu::GruWeights& layer,
                                                                 const hw::Timing& timing) {
  RECURD_ASSIGN_OR_RETURN(auto system, placement.make(timing));
  system->SetWeights({emu::PadWeights(layer, placement)});
  return std::unique_ptr<EmulatedCell>(new EmulatedCell(placement, layer, std::move(system)));
}

EmulatedCell::EmulatedCell(const emu::Placement& placement, const emu::GruWeights& layer,
                           std::unique_ptr<emu::GruSystem> system)
    : system_(std::move(system)),
      input_size_(layer.input_size),
      padded_input_(placement.shape.input_size),
      hidden_(layer.hidden_size),
      padded_hidden_(hw::PaddedWords(placement.shape.hidden_size)),
      state_(hidden_ * (placement.shape.StateWords() / padded_hidden_)),
      row_(placement.shape.StateWords()) {}

void EmulatedCell::Step(const float* x) {
  if (collecting_) {
    rows_.insert(rows_.end(), x, x + input_size_);
    rows_.resize(rows_.size() + padded_input_ - input_size_);
    return;
  }
  for (size_t part = 0; part * hidden_ < state_.size(); ++part) {
    std::copy_n(&states_[next_ + part * padded_hidden_], hidden_, &state_[part * hidden_]);
  }
  next_ += row_.size();
}

void EmulatedCell::Collect() {
  collecting_ = true;
  rows_.clear();
}

absl::Status EmulatedCell::Run(int slot, bool hit) {
  const int steps = static_cast<int>(rows_.size()) / padded_input_;
  const auto array_slot = static_cast<uint32_t>(slot);
  for (size_t part = 0; part * hidden_ < state_.size(); ++part) {
    std::copy_n(&state_[part * hidden_], hidden_, &row_[part * padded_hidden_]);
  }
  if (!hit) writer_.Switch(array_slot, 0, row_.data(), static_cast<int>(row_.size()));
  writer_.Run(array_slot, 0, 1, rows_.data(), steps, padded_input_);
  system_->Forget();
  system_->Give(writer_.Take());
  states_.resize(static_cast<size_t>(steps) * row_.size());
  const size_t before = hw::kBeatWords + (hit ? 0 : hw::kBeatWords + row_.size());
  RECURD_RETURN_IF_ERROR(system_->RunUntil(before + states_.size()));
  std::transform(system_->results().begin() + static_cast<ptrdiff_t>(before), system_->results().end(), states_.begin(),
                 [](uint32_t word) { return std::bit_cast<float>(word); });
  return absl::OkStatus();
}

void EmulatedCell::Replay() {
  collecting_ = false;
  next_ = 0;
}

}  // namespace recurd::sim
