#include "tests/virtual_board/stranger.h"

#include <bit>
#include <cstring>
#include <vector>

#include "hw/config/contract.h"

namespace recurd {
namespace virtual_board {
namespace {

constexpr uint32_t kRingBeats = 1024;
constexpr int kMostReads = 1000000;  // of a register, until it has to be what is awaited

void Await(emu::Board* board, uint32_t offset, uint32_t value) {
  for (int i = 0; i < kMostReads && board->Read(offset) != value; ++i) {
  }
}

void Submit(const std::vector<uint32_t>& words, uint32_t count, uint8_t* ring, emu::Board* board) {
  std::memcpy(ring, words.data(), words.size() * sizeof(uint32_t));
  board->Write(hw::kRegInputOffset, 0);
  board->Write(hw::kRegInputBeats, static_cast<uint32_t>(words.size() / hw::kBeatWords));
  board->Write(hw::kRegResultOffset, 0);
  board->Write(hw::kRegSubmit, count);
  Await(board, hw::kRegDone, count);
}

// Somebody's weights, by the names of the graph's ports.
void WriteWeights(const emu::Placement& placement, emu::Board* board) {
  const int h = placement.shape.hidden_size, gates = hw::LaneGates(placement.shape.cell);
  emu::GruWeights weights;
  weights.hidden_size = h;
  weights.input_size = placement.shape.input_size;
  weights.input.assign(static_cast<size_t>(gates) * h * weights.input_size, 0.125f);
  weights.recurrent.assign(static_cast<size_t>(gates) * h * h, -0.0625f);
  weights.bias.assign(static_cast<size_t>(gates) * h, 0.25f);
  weights.recurrent_bias.assign(h, 0.25f);
  const auto system = placement.make(hw::Timing());
  if (!system.ok()) return;
  const std::vector<emu::GruWeights> sets(placement.weight_sets, weights);
  for (const emu::GruSystem::Parameter& parameter : (*system)->Parameters(sets)) {
    board->UpdateParameter(parameter.port, parameter.words.data(), parameter.words.size() * sizeof(uint32_t));
  }
}

}  // namespace

void LeaveRunning(const emu::Placement& placement, emu::Board* board, DeviceMemory* memory) {
  const uint32_t input = memory->AllocateHidden(kRingBeats * 16), result = memory->AllocateHidden(kRingBeats * 16);
  uint8_t* const ring = memory->Find(input)->device.data();
  WriteWeights(placement, board);
  board->RunGraph();
  board->StartMovers({memory->Find(input)->address, memory->Find(result)->address, kRingBeats, kRingBeats});

  uint32_t count = 0;
  for (uint32_t slot = 0; slot < hw::kStateSlots; ++slot) {
    std::vector<uint32_t> job = {hw::PackHead(hw::kOpSwitch, 0, slot), 0, 0, 1000 + slot};
    job.resize(job.size() + placement.shape.StateWords(), std::bit_cast<uint32_t>(0.5f + 0.01f * slot));
    Submit(job, ++count, ring, board);
  }
  for (const uint32_t aborts : {1u, 2u, 3u}) {
    board->Write(hw::kRegAbort, aborts);
    Await(board, hw::kRegGeneration, aborts);
  }
  Submit({hw::PackHead(hw::kOpReload + 1, 0, 0), 0, 0, 2000}, ++count, ring, board);  // FAULT
  memory->Free(input);
  memory->Free(result);
}

}  // namespace virtual_board
}  // namespace recurd
