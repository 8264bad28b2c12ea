#include "hw/emu/board.h"

#include <utility>

#include "hw/pl/control.h"
#include "hw/pl/fetch.h"
#include "hw/pl/store.h"

namespace recurd {
namespace emu {
namespace {

class EmulatedBoard : public Board {
 public:
  EmulatedBoard(const Placement& placement, std::unique_ptr<GruSystem> system, uint32_t build_id, BoardMemory* memory)
      : placement_(placement), system_(std::move(system)), build_id_(build_id), memory_(memory) {
    const LayerShape& shape = placement.shape;
    sizes_.input_beats = static_cast<uint32_t>(shape.input_size / hw::kBeatWords);
    sizes_.state_beats = static_cast<uint32_t>(shape.StateWords() / hw::kBeatWords);
    sizes_.weight_sets = static_cast<uint32_t>(placement.weight_sets);
    engine().Advance(0);
    system_->HoldGraph();
    AddKernels();
  }

  void StartMovers(const Rings& rings) override {
    rings_ = rings;
    input_.Connect(memory_, rings.input);
    result_.Connect(memory_, rings.result);
    for (Process* mover : {fetch_, store_}) {
      mover->floor = engine().now();
      engine().Wake(mover);
    }
    started_ = true;
  }
  bool UpdateParameter(const std::string& port, const void* value, size_t bytes) override {
    return system_->UpdateParameter(port, value, bytes);
  }
  void RunGraph() override { system_->RunGraph(); }

  uint32_t Read(uint32_t offset) override {
    Pass();
    if (InWindow(offset)) return window_[(offset - hw::kRegWindow) / 4];
    const uint32_t* input = InputAt(offset);
    return input != nullptr ? *input : OutputAt(offset);
  }
  void Write(uint32_t offset, uint32_t value) override {
    if (InWindow(offset)) window_[(offset - hw::kRegWindow) / 4] = value;
    if (uint32_t* input = InputAt(offset)) *input = value;
    Pass();
  }
  hw::Cycles now() const override { return system_->engine().now(); }

 private:
  Engine& engine() { return system_->engine(); }

  void AddKernels() {
    Process* control = system_->AddPlKernel("control", [this] {
      for (;;) {
        AwaitNow();
        hw::control_turn(state_, inputs_, window_, jobs_, aborts_, done_);
      }
    });
    fetch_ = system_->AddPlKernel("fetch", [this] {
      AwaitStart();
      hw::fetch(fetched_, &input_, rings_.input_beats, commands_, orders_, sizes_);
    });
    store_ = system_->AddPlKernel("store", [this] {
      AwaitStart();
      hw::store(stored_, y_, aborted_, &result_, rings_.result_beats, finished_, sizes_);
    });
    system_->ConnectFifo("jobs", control, &jobs_.out, fetch_, &fetched_.in);
    system_->ConnectFifo("aborts", control, &aborts_.out, store_, &aborted_.in);
    system_->ConnectFifo("orders", fetch_, &orders_.out, store_, &stored_.in);
    system_->ConnectFifo("done", store_, &finished_.out, control, &done_.in);
    system_->JoinEnds(fetch_, &commands_.out, store_, &y_.in);
  }
  void AwaitStart() const {
    while (!started_) t_process->fiber->Suspend();
  }

  // The time of an access to a register.
  void Pass() {
    engine().Advance(engine().now() + engine().timing().register_access);
    engine().Run();
    result_.Land(engine().now());
  }

  static bool InWindow(uint32_t offset) {
    return offset >= hw::kRegWindow && offset < hw::kRegWindow + hw::kWindowBytes && offset % 4 == 0;
  }
  uint32_t* InputAt(uint32_t offset) {
    switch (offset) {
      case hw::kRegAbort:
        return &inputs_.abort;
      case hw::kRegSubmit:
        return &inputs_.submit;
      case hw::kRegInputOffset:
        return &inputs_.input_offset;
      case hw::kRegInputBeats:
        return &inputs_.input_beats;
      case hw::kRegResultOffset:
        return &inputs_.result_offset;
      default:
        return nullptr;
    }
  }
  uint32_t OutputAt(uint32_t offset) const {
    const LayerShape& shape = placement_.shape;
    switch (offset) {
      case hw::kRegMagic:
        return hw::kMagic;
      case hw::kRegAbi:
        return hw::kAbiMajor << 16 | hw::kAbiMinor;
      case hw::kRegBuildId:
        return build_id_;
      case hw::kRegGeometry:
        return hw::PackGeometry(static_cast<uint32_t>(shape.hidden_size), static_cast<uint32_t>(shape.input_size),
                                sizes_.weight_sets, placement_.mapping);
      case hw::kRegNumerics:
        return hw::PackNumerics(placement_.mapping, static_cast<uint32_t>(placement_.activation),
                                static_cast<uint32_t>(shape.cell));
      case hw::kRegGeneration:
        return state_.generation;
      case hw::kRegHeartbeat:
        return state_.heartbeat;
      case hw::kRegFault:
        return state_.fault;
      case hw::kRegDone:
        return state_.done;
      default:
        return 0;
    }
  }

  const Placement placement_;
  const std::unique_ptr<GruSystem> system_;
  const uint32_t build_id_;
  BoardMemory* const memory_;
  hw::job_sizes sizes_;
  Rings rings_;
  bool started_ = false;
  Process *fetch_ = nullptr, *store_ = nullptr;

  hw::control_inputs inputs_ = {};
  hw::control_state state_;
  uint32_t window_[hw::kWindowWords] = {};
  MemoryPort input_, result_;
  // Both ends of each stream.
  hw::beat_stream jobs_, fetched_, aborts_, aborted_, orders_, stored_, finished_, done_, commands_, y_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Board>> Board::Make(const Placement& placement, const hw::Timing& timing,
                                                   uint32_t build_id, BoardMemory* memory) {
  auto system = placement.make(timing);
  if (!system.ok()) return system.status();
  return std::unique_ptr<Board>(std::make_unique<EmulatedBoard>(placement, *std::move(system), build_id, memory));
}

}  // namespace emu
}  // namespace recurd
