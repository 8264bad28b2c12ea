#include "tests/virtual_board/card.h"

#include <ert.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <thread>

#include "hw/config/timing.h"
#include "tests/virtual_board/stranger.h"

namespace recurd {
namespace virtual_board {
namespace {

std::string_view SectionOf(const axlf* top, axlf_section_kind kind) {
  for (uint32_t i = 0; i < top->m_header.m_numSections; ++i) {
    const axlf_section_header& header = top->m_sections[i];
    if (header.m_sectionKind != static_cast<uint32_t>(kind)) continue;
    if (header.m_sectionOffset > top->m_header.m_length) return {};
    const uint64_t room = top->m_header.m_length - header.m_sectionOffset;
    return {reinterpret_cast<const char*>(top) + header.m_sectionOffset, std::min(header.m_sectionSize, room)};
  }
  return {};
}

void Say(std::string_view text) {
  std::fprintf(stderr, "virtual board: %.*s\n", static_cast<int>(text.size()), text.data());
}

// The design of a section, if there is such a section. False if it is none that was built.
bool ReadDesign(const axlf* top, axlf_section_kind kind, std::optional<Design>* to) {
  const std::string_view text = SectionOf(top, kind);
  if (text.empty()) return true;
  absl::StatusOr<Design> design = ParseDesign(text);
  if (!design.ok()) return Say({design.status().message().data(), design.status().message().size()}), false;
  *to = *design;
  return true;
}

// "fetch" of "fetch:fetch_1", in the order of the addresses, which is that of XRT's numbers.
std::vector<std::string> KernelNames(const axlf* top) {
  std::vector<std::string> names;
  const std::string_view section = SectionOf(top, IP_LAYOUT);
  for (size_t at = offsetof(ip_layout, m_ip_data); at + sizeof(ip_data) <= section.size(); at += sizeof(ip_data)) {
    ip_data ip;
    std::memcpy(&ip, section.data() + at, sizeof(ip));
    const std::string name(reinterpret_cast<const char*>(ip.m_name), strnlen(reinterpret_cast<char*>(ip.m_name), 63));
    names.push_back(name.substr(0, name.find(':')));
  }
  return names;
}

}  // namespace

void HangForEver() {
  for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
}

Card& Card::Instance() {
  static Card& card = *new Card;  // a driver's functions have no object of ours to hang on
  return card;
}

void Card::Look() {
  if (!begun_) {
    begun_ = true;
    if (absl::Status status = plan_.Begin(); !status.ok()) {
      broken_ = true;
      Say({status.message().data(), status.message().size()});
    }
  }
  plan_.LookAtFile();
  if (plan_.revision() != dirty_revision_ && plan_.On("dirty") && board_) MakeDirty();
  if (plan_.Always("lost")) lost_ = true;
}

int Card::Load(const axlf* top) {
  if (plan_.Strike("load_hang")) return kHangs;
  if (plan_.Strike("load")) return -EIO;
  const bool array_only = (top->m_header.m_actionMask & AM_LOAD_AIE) != 0;
  std::array<uint8_t, 16> uuid;
  std::copy_n(top->m_header.uuid, uuid.size(), uuid.begin());
  if (uuid_ == uuid) return array_only ? Program(top, true) : 0;
  const bool in_use =
      std::any_of(kernels_.begin(), kernels_.end(), [](const KernelState& k) { return k.contexts > 0; });
  if (in_use) return -EBUSY;
  if (const int error = Program(top, array_only); error != 0) return error;
  kernels_.clear();
  for (const std::string& name : KernelNames(top)) kernels_.push_back({name});
  uuid_ = uuid;
  return 0;
}

int Card::Program(const axlf* top, bool array_only) {
  std::optional<Design> pl, array;
  if (!ReadDesign(top, BITSTREAM, &pl) || !ReadDesign(top, PDI, &array)) return -EINVAL;
  const bool blank = !pl_.has_value();
  if (blank) pl_ = pl;
  if (array && (array_only || (blank && pl))) array_ = array;
  if (!array_only && !(blank && pl)) return 0;
  const bool keeps_movers = movers_run_ && plan_.On("no_pl_reset");
  const emu::Board::Rings rings = control_.rings();
  if (const int error = MakeBoard(); error != 0) return error;
  if (keeps_movers && board_) {
    board_->StartMovers(rings);
    movers_run_ = true;
  }
  return 0;
}

int Card::MakeBoard() {
  board_.reset();
  graph_runs_ = movers_run_ = false;
  fetch_.reset();
  store_.reset();
  control_.Connect({});
  if (!pl_ || pl_->placement == nullptr) return 0;
  auto board = emu::Board::Make(*pl_->placement, hw::Timing(), pl_->build_id, &memory_);
  if (!board.ok()) return Say({board.status().message().data(), board.status().message().size()}), -EIO;
  board_ = *std::move(board);
  control_.Connect({board_.get(), pl_->placement->shape, /*deaf=*/!(array_ == pl_)});
  if (plan_.On("dirty") && plan_.revision() != dirty_revision_) MakeDirty();
  return 0;
}

void Card::MakeDirty() {
  dirty_revision_ = plan_.revision();
  if (graph_runs_ || movers_run_) return Say("dirty: it is in use already, and stays as it is");
  LeaveRunning(*pl_->placement, board_.get(), &memory_);
  graph_runs_ = movers_run_ = true;
  for (KernelState& kernel : kernels_) kernel.busy = kernel.name != kControlKernel;
}

int Card::OpenContext(const uint8_t* uuid, uint32_t number, bool shared) {
  if (!uuid_ || !std::equal(uuid_->begin(), uuid_->end(), uuid)) return -EBUSY;
  KernelState* kernel = Kernel(number);
  if (kernel == nullptr) return number == ~0u ? 0 : -EINVAL;  // ~0: of the xclbin as a whole
  if (kernel->contexts > 0 && (kernel->exclusive || !shared)) return -EBUSY;
  ++kernel->contexts;
  kernel->exclusive = !shared;
  return 0;
}

void Card::CloseContext(uint32_t number) {
  KernelState* kernel = Kernel(number);
  if (kernel != nullptr && kernel->contexts > 0) --kernel->contexts;
}

int Card::Execute(uint32_t handle) {
  if (plan_.Strike("exec")) return -EIO;
  DeviceMemory::Buffer* buffer = memory_.Find(handle);
  if (buffer == nullptr || !buffer->command) return -EINVAL;
  auto* command = reinterpret_cast<ert_start_kernel_cmd*>(buffer->host);
  const size_t beats_at = command->extra_cu_masks + kBeatsArgument / 4;
  if (command->opcode != ERT_START_CU || command->cu_mask == 0 || command->count < beats_at + 2) return -EINVAL;
  KernelState* kernel = Kernel(__builtin_ctz(command->cu_mask));
  if (kernel == nullptr || kernel->contexts == 0) return -EINVAL;
  std::optional<std::array<uint64_t, 2>>* mover = kernel->name == kFetchKernel   ? &fetch_
                                                  : kernel->name == kStoreKernel ? &store_
                                                                                 : nullptr;
  if (mover == nullptr) return -EINVAL;
  if (!graph_runs_) return Say(kernel->name + ": the graph doesn't run yet: graph.run(-1) comes first"), -EPERM;
  command->state = ERT_CMD_STATE_QUEUED;
  if (kernel->busy) return 0;
  kernel->busy = true;
  command->state = ERT_CMD_STATE_RUNNING;
  const uint32_t* registers = command->data + command->extra_cu_masks;
  const uint64_t ring = registers[kRingArgument / 4] | uint64_t{registers[kRingArgument / 4 + 1]} << 32;
  *mover = {ring, registers[kBeatsArgument / 4]};
  StartMoversIfBoth();
  return 0;
}

void Card::StartMoversIfBoth() {
  if (!fetch_ || !store_ || movers_run_ || board_ == nullptr) return;
  const emu::Board::Rings rings = {(*fetch_)[0], (*store_)[0], static_cast<uint32_t>((*fetch_)[1]),
                                   static_cast<uint32_t>((*store_)[1])};
  movers_run_ = true;
  control_.SetRings(rings);
  board_->StartMovers(rings);
}

bool Card::IsControl(uint32_t number, uint32_t offset) {
  const KernelState* kernel = Kernel(number);
  return kernel != nullptr && kernel->name == kControlKernel && kernel->contexts > 0 && offset % 4 == 0 &&
         offset < hw::kRegisterBytes;
}

int Card::RegisterRead(uint32_t number, uint32_t offset, uint32_t* value) {
  if (!IsControl(number, offset)) return -EINVAL;
  *value = lost_ ? ~0u : control_.Read(offset);
  return 0;
}

int Card::RegisterWrite(uint32_t number, uint32_t offset, uint32_t value) {
  if (!IsControl(number, offset)) return -EINVAL;
  if (offset == hw::kRegSubmit) {
    ++counts_.jobs;
    Look();
    if (plan_.Strike("lost")) lost_ = true;
    if (plan_.Strike("bus_hang")) HangForEver();
  }
  if (!lost_) control_.Write(offset, value);
  return 0;
}

void Card::RunGraph() {
  if (graph_runs_) return;
  graph_runs_ = true;
  if (board_) board_->RunGraph();
}

int Card::UpdateParameter(const std::string& port, const void* value, size_t bytes) {
  if (plan_.Strike("update")) return -EIO;
  return board_ && board_->UpdateParameter(port, value, bytes) ? 0 : -EINVAL;
}

void Card::PowerCycle() {
  lost_ = false;
  uuid_.reset();
  kernels_.clear();
  pl_.reset();
  array_.reset();
  dirty_revision_ = 0;
  MakeBoard();
}

}  // namespace virtual_board
}  // namespace recurd
