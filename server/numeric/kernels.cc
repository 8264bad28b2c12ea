#include "server/numeric/kernels.h"

#include <algorithm>
#include <iterator>

// The fallback is one lane of plain C++: GCC 12 miscompiles Highway's four (GCC bug 106322).
#define HWY_BROKEN_EMU128 1
// Only AVX3_DL has the dot product of bytes.
#define HWY_WANT_AVX3_DL 1
// SSSE3 and SSE4 have no fused multiply-add; SVE's vectors have no fixed size.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "server/numeric/kernels.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h, so that these compile once a target.
#include "hwy/highway.h"
#include "server/numeric/cells-inl.h"

HWY_BEFORE_NAMESPACE();
namespace recurd {
namespace HWY_NAMESPACE {

const Kernels* TargetKernels() {
  static const Kernels kKernels = {
      .target = hwy::TargetName(HWY_TARGET),
      .lanes = kLanes,
      .panel_vectors = kPanelVectors,
      .dense = Dense,
      .dense_steps = DenseSteps,
      .gru_reset_after = GruResetAfter,
      .gru_reset_before = GruResetBefore,
      .lstm = Lstm,
      .rnn = Rnn,
      .unary = Unary,
  };
  return &kKernels;
}

}  // namespace HWY_NAMESPACE
}  // namespace recurd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace recurd {
namespace {

HWY_EXPORT(TargetKernels);

// The kernels that Highway would dispatch to on a machine with just `targets`.
const Kernels* KernelsFor(int64_t targets) {
  constexpr size_t kSize = std::size(HWY_DISPATCH_TABLE(TargetKernels));
  hwy::ChosenTarget chosen;
  chosen.Update(targets);
  return HWY_DISPATCH_TABLE(TargetKernels)[kSize == 1 ? 0 : chosen.GetIndex()]();
}

std::vector<const Kernels*> FindRunnable() {
  std::vector<const Kernels*> found;
  for (int64_t target : hwy::SupportedAndGeneratedTargets()) found.push_back(KernelsFor(target));
  found.push_back(KernelsFor(0));
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace

const std::vector<const Kernels*>& RunnableKernels() {
  static const auto* const kRunnable = new std::vector<const Kernels*>(FindRunnable());
  return *kRunnable;
}

}  // namespace recurd
#endif  // HWY_ONCE
