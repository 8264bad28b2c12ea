#ifndef RECURD_HW_EMU_COMMANDS_H_
#define RECURD_HW_EMU_COMMANDS_H_

#include <string.h>

#include <vector>

#include "hw/config/contract.h"

namespace recurd {
namespace emu {

// Writes the x stream as a PS does (contract.h, Op).
class CommandWriter {
 public:
  // Shapes: x [steps][input_size].
  void Run(uint32_t slot, uint32_t weight_set, uint32_t sequence, const float* x, int steps, int input_size) {
    Command(hw::PackHead(hw::kOpRun, weight_set, slot), static_cast<uint32_t>(steps), sequence);
    for (int step = 0; step < steps; ++step) Row(x + step * input_size, input_size);
  }
  // Shapes: state [hidden_size].
  void Switch(uint32_t slot, uint32_t sequence, const float* state, int hidden_size) {
    Command(hw::PackHead(hw::kOpSwitch, 0, slot), 0, sequence);
    Row(state, hidden_size);
  }
  void Reload(uint32_t sequence) { Command(hw::PackHead(hw::kOpReload, 0, 0), 0, sequence); }

  // What has been written since the last Take.
  std::vector<uint32_t> Take() {
    std::vector<uint32_t> words;
    words.swap(words_);
    return words;
  }

 private:
  void Command(uint32_t head, uint32_t steps, uint32_t sequence) {
    words_.insert(words_.end(), {head, steps, 0, sequence});
  }
  void Row(const float* values, int count) {
    const size_t at = words_.size();
    words_.resize(at + hw::PaddedWords(count));
    memcpy(&words_[at], values, 4 * static_cast<size_t>(count));
  }

  std::vector<uint32_t> words_;
};

}  // namespace emu
}  // namespace recurd

#endif  // RECURD_HW_EMU_COMMANDS_H_
