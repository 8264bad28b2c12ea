#include <dlfcn.h>

#include "server/pipeline/xrt/platform.h"

namespace recurd::board {
namespace {

// A VCK190 has no x86-64 processor: what answers here is the virtual board, whose driver exports what it wants to know
// of the processor's instructions. Without it there is nothing to order.
class VirtualBoard final : public Barrier {
 public:
  void Release() const override { release_(); }
  void Acquire() const override { acquire_(); }
  void Clean(const void* begin, size_t bytes) const override { clean_(begin, bytes); }
  void Invalidate(const void* begin, size_t bytes) const override { invalidate_(begin, bytes); }

 private:
  using Order = void (*)();
  using Maintain = void (*)(const void*, size_t);
  template <class Function>
  static Function Find(const char* name, Function otherwise) {
    void* found = dlsym(RTLD_DEFAULT, name);
    return found == nullptr ? otherwise : reinterpret_cast<Function>(found);
  }
  static void OrderNothing() {}
  static void MaintainNothing(const void*, size_t) {}

  const Order release_ = Find("recurd_board_release", &OrderNothing);
  const Order acquire_ = Find("recurd_board_acquire", &OrderNothing);
  const Maintain clean_ = Find("recurd_board_clean", &MaintainNothing);
  const Maintain invalidate_ = Find("recurd_board_invalidate", &MaintainNothing);
};

}  // namespace

std::unique_ptr<Barrier> MakeBarrier() { return std::make_unique<VirtualBoard>(); }

const char* NoBoardHint() {
  return "there is no VCK190 with an x86-64 processor; tests set XILINX_XRT to the virtual board of their build, "
         "virtual_board/root. Serve with --pipeline=cpu or sim here";
}

}  // namespace recurd::board
