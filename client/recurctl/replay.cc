#include "client/recurctl/replay.h"

#include <bit>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/recurctl/command.h"
#include "recurd/answers.h"
#include "server/base/status_macros.h"

namespace recurd {
namespace {

class RemoteReplayer final : public Replayer {
 public:
  static absl::StatusOr<std::unique_ptr<Replayer>> Make(const RecordingHeader& header, const Client& client) {
    v1::Open open = header.open;
    open.set_version(header.opened.version());
    open.set_mode(v1::Open::CREATE);
    open.clear_session_id();
    open.clear_checkpoint_steps();
    open.clear_checkpoint_interval_ms();
    RECURD_ASSIGN_OR_RETURN(Session session, client.Open(open));
    const v1::Opened& opened = session.opened();
    RECURD_ASSIGN_OR_RETURN(const auto model, client.GetModel(open.model(), open.version()));
    if (model.fingerprint() != header.model.fingerprint() ||
        opened.numerics_profile() != header.opened.numerics_profile() ||
        opened.input_size() != header.opened.input_size() || opened.output_size() != header.opened.output_size()) {
      return absl::FailedPreconditionError(
          absl::StrCat("the recording is of a model with fingerprint ", header.model.fingerprint(),
                       " under numerics profile '", header.opened.numerics_profile(), "'; the daemon has ",
                       model.fingerprint(), " under '", opened.numerics_profile(), "'"));
    }
    return std::unique_ptr<Replayer>(new RemoteReplayer(std::move(session)));
  }

  ~RemoteReplayer() override { session_.Close().IgnoreError(); }

  absl::StatusOr<std::vector<float>> Run(const v1::Chunk& chunk) override {
    ChunkOptions options = {.begin = chunk.begin(), .end = chunk.end()};
    if (chunk.has_state()) options.state = &chunk.state();
    RECURD_ASSIGN_OR_RETURN(const v1::Outputs outputs,
                            session_.Run({chunk.inputs().data(), static_cast<size_t>(chunk.inputs_size())}, options));
    return std::vector<float>(outputs.outputs().begin(), outputs.outputs().end());
  }

 private:
  explicit RemoteReplayer(Session session) : session_(std::move(session)) {}
  Session session_;
};

struct Comparison {
  uint64_t steps = 0;
  uint64_t sequences = 0;
  uint64_t floats = 0;
};

// The first float that differs, as an error; OK if all bits are the same.
absl::Status Compare(const RecordingHeader& header, const Comparison& so_far, const v1::Outputs& recorded,
                     const std::vector<float>& computed) {
  if (static_cast<size_t>(recorded.outputs_size()) != computed.size()) {
    return absl::DataLossError(absl::StrCat("steps from ", recorded.first_step(), " of sequence ", so_far.sequences,
                                            " gave ", computed.size(), " floats; recorded were ",
                                            recorded.outputs_size()));
  }
  const size_t width = header.opened.output_size();
  const Selection selection(header.open);
  for (size_t i = 0; i < computed.size(); ++i) {
    const float value = recorded.outputs(static_cast<int>(i));
    if (std::bit_cast<uint32_t>(value) == std::bit_cast<uint32_t>(computed[i])) continue;
    return absl::DataLossError(
        absl::StrFormat("step %d of sequence %d differs: output %d is %.9g (0x%08x), recorded was %.9g (0x%08x)",
                        selection.StepOfRow(recorded, static_cast<int>(i / width)), so_far.sequences, i % width,
                        computed[i], std::bit_cast<uint32_t>(computed[i]), value, std::bit_cast<uint32_t>(value)));
  }
  return absl::OkStatus();
}

absl::Status Replay(RecordingReader& recording, Replayer& replayer, Comparison* comparison) {
  v1::Chunk chunk;
  v1::Outputs outputs;
  for (;;) {
    bool answered = false;
    RECURD_ASSIGN_OR_RETURN(const bool more, recording.Next(&chunk, &outputs, &answered));
    if (!more) break;
    if (comparison->sequences == 0 || chunk.begin()) ++comparison->sequences;
    RECURD_ASSIGN_OR_RETURN(const std::vector<float> computed, replayer.Run(chunk));
    if (!answered) break;
    RECURD_RETURN_IF_ERROR(Compare(recording.header(), *comparison, outputs, computed));
    comparison->steps += static_cast<uint64_t>(chunk.inputs_size()) / recording.header().opened.input_size();
    comparison->floats += computed.size();
  }
  if (!recording.complete()) absl::FPrintF(stderr, "recurctl: the recording was cut off: compared is what there is\n");
  return absl::OkStatus();
}

struct ReplayFlags {
  ServerFlags server;
  std::string file, model_repository, pipeline = "cpu", mapping = "auto";

  void AddTo(FlagSet* set) {
    server.server = "";
    set->AddPositional("FILE", &file, true, "What `recurctl record` wrote.");
    set->Add("model_repository", &model_repository, "Folder with the model, to compute without a daemon.");
    set->AddChoice("pipeline", &pipeline, {"cpu", "sim"}, "What computes without a daemon.");
    set->Add("mapping", &mapping, "With --pipeline=sim: how the model lies on the array.");
    server.AddTo(set);
  }
};

absl::Status Run(const ReplayFlags& flags, Comparison* comparison) {
  RECURD_ASSIGN_OR_RETURN(const auto recording, RecordingReader::Open(flags.file));
  const RecordingHeader& header = recording->header();
  absl::FPrintF(stderr, "recorded: model %s version %s, fingerprint %s, numerics %s, by recurd %s on %s\n",
                Printable(header.model.name()), Printable(header.opened.version()),
                Printable(header.model.fingerprint()), Printable(header.opened.numerics_profile()),
                Printable(header.server.version()), Printable(header.server.target()));
  if (!flags.model_repository.empty()) {
    RECURD_ASSIGN_OR_RETURN(const auto replayer,
                            MakeLocalReplayer(header, flags.model_repository, flags.pipeline, flags.mapping));
    return Replay(*recording, *replayer, comparison);
  }
  RECURD_ASSIGN_OR_RETURN(const Client client, flags.server.Connect());
  RECURD_ASSIGN_OR_RETURN(const auto replayer, RemoteReplayer::Make(header, client));
  return Replay(*recording, *replayer, comparison);
}

}  // namespace

int RunReplay(const std::vector<std::string>& arguments) {
  FlagSet set(
      "replay FILE --model_repository=DIR|--server=HOST:PORT [flags]",
      "Computes a recording again, on this machine or at a daemon, and compares every output bit for bit. Exit\n"
      "code 0 if all are the same; 1 if not, naming the first step that differs, or if it couldn't be computed.");
  ReplayFlags flags;
  flags.AddTo(&set);
  if (const std::optional<int> code = set.Parse(arguments)) return *code;
  if (flags.model_repository.empty() == flags.server.server.empty()) {
    return FailUsage("give either --model_repository or --server");
  }
  Comparison same;
  const absl::Status status = Run(flags, &same);
  if (!status.ok()) return Fail(status);
  absl::PrintF("the same: %d steps in %d sequences, %d outputs, bit for bit\n", same.steps, same.sequences,
               same.floats);
  return kExitOk;
}

}  // namespace recurd
