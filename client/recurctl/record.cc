#include <cstdio>
#include <memory>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/recurctl/command.h"
#include "client/recurctl/interrupt.h"
#include "client/recurctl/recording.h"
#include "client/recurctl/state_file.h"
#include "client/recurctl/stream_run.h"
#include "server/base/status_macros.h"

namespace recurd {
namespace {

class Recorder final : public StreamObserver {
 public:
  explicit Recorder(RecordingWriter* writer) : writer_(*writer) {}

  absl::Status OnOpened(const Client& client, const v1::GetModelResponse& model, const v1::Open& open,
                        const DurableSession& session) override {
    RECURD_ASSIGN_OR_RETURN(const v1::GetServerInfoResponse server, client.GetServerInfo());
    return writer_.Begin(server, model, open, session.opened());
  }
  absl::Status OnChunk(const v1::Chunk& chunk) override { return writer_.Chunk(chunk); }
  absl::Status OnOutputs(const std::string&, const DurableSession&, const v1::Outputs& outputs) override {
    return writer_.Outputs(outputs);
  }

 private:
  RecordingWriter& writer_;
};

}  // namespace

int RunRecord(const std::vector<std::string>& arguments) {
  FlagSet set(
      "record --model=NAME --input=FILE|- --out=FILE [flags]",
      "Streams as `recurctl stream` does, and writes down all that is needed to compute the session again, bit for "
      "bit:\n"
      "model, version, fingerprint, numerics profile, the state it began with, every chunk and its outputs. For "
      "reports\n"
      "of bugs; `recurctl replay` reads it. It holds the inputs and outputs themselves, and no session id or token.");
  StreamFlags flags;
  std::string out, state;
  v1::Open open;
  flags.AddTo(&set);
  set.Add("out", &out, "The file; one that exists is replaced.");
  set.Add("state", &state, "File of `recurctl export` to begin from; none: the model's initial state.");
  if (const std::optional<int> code = set.Parse(arguments)) return *code;
  if (const std::string wrong = flags.Check(&open); !wrong.empty()) return FailUsage(wrong);
  if (out.empty()) return FailUsage("--out is missing: the file to write");
  if (!state.empty()) {
    auto exported = ReadStateFile(state);
    if (!exported.ok()) return Fail(exported.status());
    open.mutable_state()->Swap(exported->mutable_state());
  }

  const Interrupt interrupt;
  const auto file = InputFile::Open(flags.input.input, &interrupt);
  if (!file.ok()) return Fail(file.status());
  const auto writer = RecordingWriter::Create(out);
  if (!writer.ok()) return Fail(writer.status());
  Recorder recorder(writer->get());
  absl::Status status = StreamRows(flags, open, file->get(), &recorder);
  const absl::Status ended = (*writer)->End();
  if (status.ok()) status = ended;
  return status.ok() ? kExitOk : Fail(status);
}

}  // namespace recurd
