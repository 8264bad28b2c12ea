#include <cstdio>

#include "absl/strings/str_cat.h"
#include "client/recurctl/command.h"
#include "client/recurctl/interrupt.h"
#include "client/recurctl/row_input.h"
#include "client/recurctl/row_output.h"
#include "client/recurctl/selection.h"
#include "client/recurctl/summary.h"

namespace recurd {
namespace {

// Rows on their way from an input through a session to an output.
struct Pump {
  Session& session;
  RowOutput& output;
  Summary& summary;
  const size_t chunk_steps;
  const bool last_of_sequence;  // a sequence's last chunk must say so: hold each back until the next row has come

  std::vector<float> rows{};
  size_t steps = 0;
  std::string sequence{};
  bool begin = true;

  absl::Status SendChunk(bool end) {
    ChunkOptions options;
    options.begin = begin;
    options.end = end;
    const int64_t sent_ns = summary.clock.NowNs();
    const absl::StatusOr<v1::Outputs> outputs = session.Run(rows, options);
    if (!outputs.ok()) return outputs.status();
    summary.round_trip.Record(summary.clock.NowNs() - sent_ns);
    summary.RecordModelled(outputs->modelled_ns());
    summary.steps += steps;
    const size_t size = session.opened().output_size();
    for (size_t at = 0, row = 0; at < static_cast<size_t>(outputs->outputs_size()); at += size, ++row) {
      output.Write(sequence, session.StepOfRow(*outputs, static_cast<int>(row)),
                   {outputs->outputs().data() + at, size});
    }
    rows.clear();
    steps = 0;
    begin = false;
    return output.Flush();
  }

  absl::Status Run(RowReader* reader) {
    InputRow row;
    for (;;) {
      const absl::StatusOr<bool> more = reader->Read(&row);
      if (!more.ok()) return more.status();
      const bool boundary = !*more || summary.sequences == 0 || row.sequence != sequence;
      if (steps > 0 && (boundary || steps == chunk_steps)) {
        if (absl::Status status = SendChunk(boundary); !status.ok()) return status;
      }
      if (!*more) return absl::OkStatus();
      if (boundary) {
        sequence = row.sequence;
        begin = true;
        ++summary.sequences;
      }
      rows.insert(rows.end(), row.values.begin(), row.values.end());
      ++steps;
      if (!last_of_sequence && steps == chunk_steps) {
        if (absl::Status status = SendChunk(false); !status.ok()) return status;
      }
    }
  }
};

struct StreamFlags {
  ServerFlags server;
  InputFlags input;
  v1::Open open;
  int64_t chunk = 1;
  std::string output_format = "csv";
};

absl::Status Stream(const StreamFlags& flags, InputFile* file) {
  const absl::StatusOr<Client> client = flags.server.Connect();
  if (!client.ok()) return client.status();
  const auto model = client->GetModel(flags.open.model(), flags.open.version());
  if (!model.ok()) return model.status();
  absl::StatusOr<Session> session = client->Open(flags.open);
  if (!session.ok()) return session.status();

  const auto reader = flags.input.MakeReader(file, session->opened().input_size());
  RowOutput output(stdout, flags.output_format, OutputNames(*model));
  Summary summary;
  Pump pump{*session, output, summary, static_cast<size_t>(flags.chunk),
            flags.open.outputs() == v1::Open::LAST_OF_SEQUENCE};
  absl::Status status = pump.Run(reader.get());
  if (status.ok()) status = session->Close();
  const auto checkpoint = session->checkpoint();
  summary.Print(checkpoint ? absl::StrCat("; last checkpoint after ", checkpoint->step(), " steps") : "");
  return status;
}

}  // namespace

int RunStream(const std::vector<std::string>& arguments) {
  FlagSet set(
      "stream --model=NAME --input=FILE|- [flags]",
      "Sends rows through one session, a message for each --chunk rows, and writes a line for each output row.\n"
      "Works on a pipe: each chunk goes out when its rows are there, and its outputs are written before the next.\n"
      "A summary follows on stderr. Ctrl-C ends the input.");
  StreamFlags flags;
  std::string model, version, outputs = "every";
  int64_t checkpoint_steps = 0;
  flags.server.AddTo(&set);
  set.Add("model", &model, "The model's name.");
  set.Add("version", &version, "The model's version; none: the newest served.");
  flags.input.AddTo(&set);
  set.Add("chunk", &flags.chunk, 1, 1 << 20, "Steps a message: more of them cost less time a step, and longer waits.");
  set.Add("outputs", &outputs, kOutputsHelp);
  AddOutputFormatFlag(&set, &flags.output_format);
  set.Add("checkpoint_steps", &checkpoint_steps, 0, UINT32_MAX,
          "Have the state sent after at least so many steps; 0: never.");
  if (const std::optional<int> code = set.Parse(arguments)) return *code;
  if (model.empty()) return FailUsage("--model is missing; `recurctl models` lists them");
  if (flags.input.input.empty()) return FailUsage("--input is missing: a file, or - for stdin");
  if (absl::Status status = SelectOutputs(outputs, &flags.open); !status.ok())
    return FailUsage(std::string(status.message()));
  flags.open.set_model(model);
  flags.open.set_version(version);
  flags.open.set_checkpoint_steps(static_cast<uint32_t>(checkpoint_steps));

  const Interrupt interrupt;
  const auto file = InputFile::Open(flags.input.input, &interrupt);
  if (!file.ok()) return Fail(file.status());
  const absl::Status status = Stream(flags, file->get());
  return status.ok() ? kExitOk : Fail(status);
}

}  // namespace recurd
