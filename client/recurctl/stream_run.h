#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "client/recurctl/command.h"
#include "client/recurctl/input_file.h"
#include "client/recurctl/row_input.h"
#include "recurd/durable_session.h"

namespace recurd {

// What `stream` and `record` have in common: rows of an input through one session, a message for each --chunk of them.
struct StreamFlags {
  ServerFlags server;
  InputFlags input;
  std::string model, version, outputs = "every";
  int64_t chunk = 1;
  int64_t checkpoint_steps = 512;
  double resume_timeout = 60;

  void AddTo(FlagSet* set);
  // What is wrong with them, or "".   Fills in `open`.
  std::string Check(v1::Open* open) const;
};

// Who wants to know what happens. Any error ends the stream.
class StreamObserver {
 public:
  virtual ~StreamObserver() = default;
  virtual absl::Status OnOpened(const Client& client, const v1::GetModelResponse& model, const v1::Open& open,
                                const DurableSession& session) = 0;
  virtual absl::Status OnChunk(const v1::Chunk& chunk) = 0;
  virtual absl::Status OnOutputs(const std::string& sequence, const DurableSession& session,
                                 const v1::Outputs& outputs) = 0;
};

// Streams `file` to its end, or an interrupt; prints what the session lost on its way, and a summary, on stderr.
// With open.state it goes on from that.
absl::Status StreamRows(const StreamFlags& flags, const v1::Open& open, InputFile* file, StreamObserver* observer);

}  // namespace recurd
