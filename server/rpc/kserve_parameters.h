#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "proto/inference/grpc_predict_v2.pb.h"
#include "server/engine/metrics.h"

namespace recurd::kserve {

// Clients' own name for a sequence: a number or a text; 7 and "7" are two names. Views the request's memory.
struct SequenceId {
  static constexpr size_t kMaxTextSize = 128;

  uint64_t number = 0;     // int64 and uint64 of the same bits are one number
  absl::string_view text;  // not empty: the name is a text

  // No name: the request is a whole sequence.
  bool none() const { return number == 0 && text.empty(); }
  // As messages show it.
  std::string ToString() const;
};

// What recurd reads of ModelInferRequest.parameters; everything else there is ignored.
struct Parameters {
  SequenceId sequence;
  bool start = false, end = false;
  std::optional<uint64_t> first_step;
};

// Refusal::kNone, or why the parameters make no sense, with the reason in *why. `parameters` view the request.
Refusal ReadParameters(const inference::ModelInferRequest& request, Parameters* parameters, std::string* why);

// A client's string as a message may carry it.
std::string Shown(absl::string_view text);

}  // namespace recurd::kserve
