#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace recurd::format {

// A hostile file could ask for one walk over the sequence a node.
inline constexpr int kMaxPassCount = 64;

// The walks over a sequence that a graph turns out to need while it is lowered. Pass 0 always is; which way a pass
// walks is open until a node asks for it.
class PassList {
 public:
  // `must_stream`: whatever needs its whole sequence is an error.
  explicit PassList(bool must_stream) : must_stream_(must_stream) {}

  // Notes that the graph can't stream, and why. Errors: UNIMPLEMENTED if it must.
  absl::Status NeedWholeSequence(absl::string_view reason);
  // The first pass from `from` on that walks this way. Errors: INVALID_ARGUMENT beyond kMaxPassCount.
  absl::StatusOr<int> Find(int from, bool backward);
  // Errors: as Find.
  absl::Status Require(int pass);

  bool streams() const { return reason_.empty(); }
  bool is_backward(int pass) const { return pass < count() && backward_[pass].value_or(false); }
  int count() const { return static_cast<int>(backward_.size()); }

  // Says which node the first reason came from, unless an earlier call did.
  void NameNode(absl::string_view label);
  // As "node 'bi' (LSTM): it runs backward"; empty if the graph streams.
  const std::string& reason() const { return reason_; }

 private:
  const bool must_stream_;
  bool is_named_ = false;
  std::string reason_;
  std::vector<std::optional<bool>> backward_ = {std::nullopt};
};

}  // namespace recurd::format
