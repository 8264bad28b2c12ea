// An Open comes from a network, and its state claims to be one of ours: it must be refused, or fit the model.
#include <cstdint>
#include <cstdlib>

#include "proto/recurd/v1/recurd.pb.h"
#include "server/rpc/convert.h"
#include "server/session/finite.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  recurd::v1::Open open;
  if (!open.ParseFromArray(data, static_cast<int>(size))) return 0;
  recurd::SessionOptions options;
  const bool accepted = recurd::FromProto(open, &options).ok();
  if (accepted && options.outputs == recurd::OutputsWanted::kEveryKth && options.output_stride < 1) std::abort();

  recurd::Model model;
  model.fingerprint = "f";
  model.initial_state = {0, 0, 0};
  const recurd::StateImage image = recurd::FromProto(open.state());
  if (image.Check(model, "p", open.allow_profile_change()).ok()) {
    if (image.values.size() != model.initial_state.size() || !recurd::AllFinite(image.values)) std::abort();
  }
  return 0;
}
