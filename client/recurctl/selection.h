#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "proto/recurd/v1/recurd.pb.h"

namespace recurd {

inline constexpr char kOutputsHelp[] =
    "Steps whose outputs are wanted: every, last (of each chunk), last_of_sequence, or a number k: every k-th.";

// Writes what --outputs=TEXT asks for into `open`.   Errors: INVALID_ARGUMENT with the words there are.
inline absl::Status SelectOutputs(const std::string& text, v1::Open* open) {
  uint32_t stride = 0;
  if (text == "every") {
    open->set_outputs(v1::Open::EVERY_STEP);
  } else if (text == "last") {
    open->set_outputs(v1::Open::LAST_OF_CHUNK);
  } else if (text == "last_of_sequence") {
    open->set_outputs(v1::Open::LAST_OF_SEQUENCE);
  } else if (absl::SimpleAtoi(text, &stride) && stride > 0) {
    open->set_outputs(v1::Open::EVERY_KTH);
    open->set_output_stride(stride);
  } else {
    return absl::InvalidArgumentError(
        absl::StrCat("--outputs=", text, ": give every, last, last_of_sequence or a number k from 1"));
  }
  return absl::OkStatus();
}

}  // namespace recurd
