#include "client/recurctl/stream_run.h"

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/recurctl/selection.h"
#include "client/recurctl/summary.h"
#include "server/base/status_macros.h"

namespace recurd {
namespace {

// Rows on their way from an input through a session to an observer.
struct Pump {
  DurableSession& session;
  StreamObserver& observer;
  Summary& summary;
  const size_t chunk_steps;
  const bool last_of_sequence;  // a sequence's last chunk must say so: hold each back until the next row has come
  bool begin;                   // the next chunk begins a sequence

  v1::Chunk chunk{};
  size_t steps = 0;
  std::string sequence{};
  int resumed_count = 0;

  void NoteLoss() {
    if (session.resumed_count() == resumed_count) return;
    resumed_count = session.resumed_count();
    absl::FPrintF(stderr, "recurctl: the session goes on at %s: %s\n", session.server(),
                  Printable(std::string(session.last_loss().message())));
  }

  absl::Status SendChunk(bool end) {
    const ChunkOptions options = {.begin = begin, .end = end};
    chunk.set_first_step(begin ? 0 : session.next_step());
    chunk.set_begin(begin);
    chunk.set_end(end);
    RECURD_RETURN_IF_ERROR(observer.OnChunk(chunk));
    const int64_t sent_ns = summary.clock.NowNs();
    const auto outputs = session.Run({chunk.inputs().data(), static_cast<size_t>(chunk.inputs_size())}, options);
    NoteLoss();
    RECURD_RETURN_IF_ERROR(outputs.status());
    summary.round_trip.Record(summary.clock.NowNs() - sent_ns);
    summary.RecordModelled(outputs->modelled_ns());
    summary.steps += steps;
    chunk.clear_inputs();
    steps = 0;
    begin = false;
    return observer.OnOutputs(sequence, session, *outputs);
  }

  absl::Status Run(RowReader* reader) {
    InputRow row;
    for (;;) {
      RECURD_ASSIGN_OR_RETURN(const bool more, reader->Read(&row));
      const bool boundary = !more || summary.sequences == 0 || row.sequence != sequence;
      if (steps > 0 && (boundary || steps == chunk_steps)) RECURD_RETURN_IF_ERROR(SendChunk(boundary));
      if (!more) return absl::OkStatus();
      if (boundary) {
        sequence = row.sequence;
        begin = begin || summary.sequences > 0;
        ++summary.sequences;
      }
      chunk.mutable_inputs()->Add(row.values.begin(), row.values.end());
      ++steps;
      if (!last_of_sequence && steps == chunk_steps) RECURD_RETURN_IF_ERROR(SendChunk(false));
    }
  }
};

// The first of the servers that answers and has the model.
absl::StatusOr<Client> FindModel(const StreamFlags& flags, const ClientOptions& options, v1::GetModelResponse* model) {
  absl::Status status;
  for (const std::string& server : flags.server.Servers()) {
    absl::StatusOr<Client> client = Client::Connect(server, options);
    auto found = client.ok() ? client->GetModel(flags.model, flags.version)
                             : absl::StatusOr<v1::GetModelResponse>(client.status());
    status = found.status();
    if (!status.ok()) continue;
    *model = *std::move(found);
    return client;
  }
  return status;
}

}  // namespace

void StreamFlags::AddTo(FlagSet* set) {
  server.AddTo(set, /*list=*/true);
  set->Add("model", &model, "The model's name.");
  set->Add("version", &version, "The model's version; none: the newest served.");
  input.AddTo(set);
  set->Add("chunk", &chunk, 1, 1 << 20, "Steps a message: more of them cost less time a step, and longer waits.");
  set->Add("outputs", &outputs, kOutputsHelp);
  set->Add("checkpoint_steps", &checkpoint_steps, 1, UINT32_MAX,
           "Have the state sent after at least so many steps, to go on from it when the daemon goes away.");
  set->Add("resume_timeout", &resume_timeout, 0, 86400,
           "How long no daemon may take the session after one was lost, in seconds; 0: one attempt at each.");
}

std::string StreamFlags::Check(v1::Open* open) const {
  if (model.empty()) return "--model is missing; `recurctl models` lists them";
  if (input.input.empty()) return "--input is missing: a file, or - for stdin";
  if (absl::Status status = SelectOutputs(outputs, open); !status.ok()) return std::string(status.message());
  open->set_model(model);
  open->set_version(version);
  open->set_checkpoint_steps(static_cast<uint32_t>(checkpoint_steps));
  return "";
}

absl::Status StreamRows(const StreamFlags& flags, const v1::Open& open, InputFile* file, StreamObserver* observer) {
  DurableOptions options;
  RECURD_ASSIGN_OR_RETURN(options.client, flags.server.Options());
  options.resume_timeout_ms = static_cast<int>(flags.resume_timeout * 1000);
  v1::GetModelResponse model;
  RECURD_ASSIGN_OR_RETURN(const Client client, FindModel(flags, options.client, &model));
  RECURD_ASSIGN_OR_RETURN(DurableSession session, DurableSession::Open(flags.server.Servers(), open, options));
  RECURD_RETURN_IF_ERROR(observer->OnOpened(client, model, open, session));

  const auto reader = flags.input.MakeReader(file, session.opened().input_size());
  Summary summary;
  Pump pump{session,
            *observer,
            summary,
            static_cast<size_t>(flags.chunk),
            open.outputs() == v1::Open::LAST_OF_SEQUENCE,
            !open.has_state()};
  absl::Status status = pump.Run(reader.get());
  const auto checkpoint = session.checkpoint();
  if (status.ok()) status = session.Close();
  if (status.ok() || summary.steps > 0)
    summary.Print(checkpoint ? absl::StrCat("; last checkpoint after ", checkpoint->step(), " steps") : "");
  return status;
}

}  // namespace recurd
