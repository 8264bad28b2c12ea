#include <cstdio>

#include "absl/strings/str_cat.h"
#include "client/recurctl/command.h"
#include "client/recurctl/interrupt.h"
#include "client/recurctl/row_input.h"
#include "client/recurctl/row_output.h"
#include "client/recurctl/summary.h"

namespace recurd {
namespace {

struct InferFlags {
  ServerFlags server;
  InputFlags input;
  std::string model, version;
  std::string outputs = "every";
  std::string output_format = "csv";
};

// One sequence after another from an input through unary calls to an output.
struct Caller {
  const Client& client;
  const v1::GetModelResponse& model;
  RowOutput& output;
  Summary& summary;
  v1::InferRequest request;

  absl::Status Call(const std::string& sequence) {
    const int64_t sent_ns = summary.clock.NowNs();
    const absl::StatusOr<v1::InferResponse> response = client.Infer(request);
    if (!response.ok()) return response.status();
    summary.round_trip.Record(summary.clock.NowNs() - sent_ns);
    summary.RecordModelled(response->modelled_ns());
    summary.steps += response->step_count();
    ++summary.sequences;
    const size_t size = model.output_size();
    const size_t row_count = response->outputs_size() / size;
    for (size_t row = 0; row < row_count; ++row) {
      const uint64_t step = request.last_only() ? response->step_count() - 1 : row;
      output.Write(sequence, step, {response->outputs().data() + row * size, size});
    }
    request.clear_inputs();
    return output.Flush();
  }

  absl::Status Run(RowReader* reader, size_t max_steps) {
    InputRow row;
    std::string sequence;
    size_t steps = 0;
    for (;;) {
      const absl::StatusOr<bool> more = reader->Read(&row);
      if (!more.ok()) return more.status();
      if (steps > 0 && (!*more || row.sequence != sequence)) {
        if (absl::Status status = Call(sequence); !status.ok()) return status;
        steps = 0;
      }
      if (!*more) return absl::OkStatus();
      sequence = row.sequence;
      if (++steps > max_steps) {
        const bool streams = model.whole_sequence_reason().empty();
        return absl::InvalidArgumentError(absl::StrCat("sequence ", sequence, " has more than ", max_steps,
                                                       " steps, the daemon's limit for one call",
                                                       streams ? ": use recurctl stream" : " (--max_chunk_steps)"));
      }
      request.mutable_inputs()->Add(row.values.begin(), row.values.end());
    }
  }
};

absl::Status Infer(const InferFlags& flags, InputFile* file) {
  const absl::StatusOr<Client> client = flags.server.Connect();
  if (!client.ok()) return client.status();
  const auto model = client->GetModel(flags.model, flags.version);
  if (!model.ok()) return model.status();
  const auto info = client->GetServerInfo();
  if (!info.ok()) return info.status();
  if (model->input_size() == 0 || model->output_size() == 0)
    return absl::InternalError("the daemon names a model without inputs or outputs");

  const auto reader = flags.input.MakeReader(file, model->input_size());
  RowOutput output(stdout, flags.output_format, OutputNames(*model));
  Summary summary;
  Caller caller{*client, *model, output, summary, {}};
  caller.request.set_model(flags.model);
  caller.request.set_version(flags.version);
  caller.request.set_last_only(flags.outputs == "last");
  const absl::Status status = caller.Run(reader.get(), info->max_chunk_steps());
  summary.Print();
  return status;
}

}  // namespace

int RunInfer(const std::vector<std::string>& arguments) {
  FlagSet set(
      "infer --model=NAME --input=FILE|- [flags]",
      "Sends each whole sequence in one call, from the model's initial state, and writes a line for each output row.\n"
      "A summary follows on stderr.");
  InferFlags flags;
  flags.server.AddTo(&set);
  set.Add("model", &flags.model, "The model's name.");
  set.Add("version", &flags.version, "The model's version; none: the newest served.");
  flags.input.AddTo(&set);
  set.AddChoice("outputs", &flags.outputs, {"every", "last"}, "Steps of each sequence whose outputs are wanted.");
  AddOutputFormatFlag(&set, &flags.output_format);
  if (const std::optional<int> code = set.Parse(arguments)) return *code;
  if (flags.model.empty()) return FailUsage("--model is missing; `recurctl models` lists them");
  if (flags.input.input.empty()) return FailUsage("--input is missing: a file, or - for stdin");

  const Interrupt interrupt;
  const auto file = InputFile::Open(flags.input.input, &interrupt);
  if (!file.ok()) return Fail(file.status());
  const absl::Status status = Infer(flags, file->get());
  return status.ok() ? kExitOk : Fail(status);
}

}  // namespace recurd
