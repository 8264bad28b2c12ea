#include <cstdio>
#include <optional>

#include "client/recurctl/command.h"
#include "client/recurctl/interrupt.h"
#include "client/recurctl/row_output.h"
#include "client/recurctl/stream_run.h"

namespace recurd {
namespace {

// Writes each output row as soon as it has come.
class RowPrinter final : public StreamObserver {
 public:
  explicit RowPrinter(const std::string& format) : format_(format) {}

  absl::Status OnOpened(const Client&, const v1::GetModelResponse& model, const v1::Open&,
                        const DurableSession& session) override {
    output_.emplace(stdout, format_, OutputNames(model));
    row_size_ = session.opened().output_size();
    return absl::OkStatus();
  }
  absl::Status OnChunk(const v1::Chunk&) override { return absl::OkStatus(); }
  absl::Status OnOutputs(const std::string& sequence, const DurableSession& session,
                         const v1::Outputs& outputs) override {
    for (size_t at = 0, row = 0; at < static_cast<size_t>(outputs.outputs_size()); at += row_size_, ++row) {
      output_->Write(sequence, session.StepOfRow(outputs, static_cast<int>(row)),
                     {outputs.outputs().data() + at, row_size_});
    }
    return output_->Flush();
  }

 private:
  const std::string format_;
  std::optional<RowOutput> output_;
  size_t row_size_ = 1;
};

}  // namespace

int RunStream(const std::vector<std::string>& arguments) {
  FlagSet set(
      "stream --model=NAME --input=FILE|- [flags]",
      "Sends rows through one session, a message for each --chunk rows, and writes a line for each output row.\n"
      "Works on a pipe: each chunk goes out when its rows are there, and its outputs are written before the next.\n"
      "A daemon that goes away costs nothing but time: the session goes on at another of --server, or at the same\n"
      "when it is back, and each output is written once; a line on stderr says so.\n"
      "A summary follows on stderr. Ctrl-C ends the input.");
  StreamFlags flags;
  std::string output_format = "csv";
  v1::Open open;
  flags.AddTo(&set);
  AddOutputFormatFlag(&set, &output_format);
  if (const std::optional<int> code = set.Parse(arguments)) return *code;
  if (const std::string wrong = flags.Check(&open); !wrong.empty()) return FailUsage(wrong);

  const Interrupt interrupt;
  const auto file = InputFile::Open(flags.input.input, &interrupt);
  if (!file.ok()) return Fail(file.status());
  RowPrinter printer(output_format);
  const absl::Status status = StreamRows(flags, open, file->get(), &printer);
  return status.ok() ? kExitOk : Fail(status);
}

}  // namespace recurd
