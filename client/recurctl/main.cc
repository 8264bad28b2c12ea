#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/recurctl/command.h"
#include "server/base/version.h"

namespace recurd {
namespace {

struct Command {
  const char* name;
  const char* summary;
  int (*run)(const std::vector<std::string>& arguments);
};

constexpr Command kCommands[] = {
    {"models", "list the models that a daemon serves", RunModels},
    {"model", "show one model: shapes, layers, step time, placement", RunModel},
    {"load", "serve a model of the daemon's repository, or a newer version", RunLoad},
    {"unload", "serve a model no longer", RunUnload},
    {"stream", "send rows of a file or pipe through a session, step by step", RunStream},
    {"infer", "send whole sequences, one call each", RunInfer},
    {"bench", "measure throughput and latency, closed or open loop", RunBench},
    {"health", "ask whether a daemon, model or service is SERVING", RunHealth},
    {"info", "show a daemon's version, pipeline and limits", RunInfo},
    {"sessions", "list the sessions that a daemon holds", RunSessions},
    {"top", "watch a daemon's sessions and how fast they step", RunTop},
    {"export", "write a session's state to a file", RunExport},
    {"import", "make a session from such a file", RunImport},
    {"close", "end sessions", RunClose},
    {"record", "stream, and write down all that is needed to compute it again", RunRecord},
    {"replay", "compute a recording again, and compare bit for bit", RunReplay},
    {"inspect", "show what a model file holds, what is served of it, or why it isn't", RunInspect},
    {"plan", "place a model file on the AI Engine array: tiles, limits, modelled times", RunPlan},
    {"probe", "measure a board: registers, rings, steps, and what the timing model assumes", RunProbe},
};

std::string Help() {
  std::string text = "usage: recurctl COMMAND [flags]\n\nTalks to recurd, the daemon for recurrent networks.\n\n";
  for (const Command& command : kCommands) absl::StrAppendFormat(&text, "  %-8s %s\n", command.name, command.summary);
  return text + "\n`recurctl COMMAND --help` lists a command's flags; --version shows recurctl's own.\n" +
         kExitCodesHelp;
}

int Main(const std::vector<std::string>& arguments) {
  const std::string name = arguments.empty() ? "" : arguments[0];
  if (name == "--help" || name == "-h" || name == "help") {
    std::fputs(Help().c_str(), stdout);
    return kExitOk;
  }
  if (name == "--version") {
    absl::PrintF("recurctl %s\n", kVersion);
    return kExitOk;
  }
  for (const Command& command : kCommands) {
    if (name == command.name) return command.run({arguments.begin() + 1, arguments.end()});
  }
  if (!name.empty()) absl::FPrintF(stderr, "recurctl: unknown command '%s'\n\n", name);
  std::fputs(Help().c_str(), stderr);
  return kExitUsage;
}

}  // namespace
}  // namespace recurd

int main(int argc, char** argv) { return recurd::Main({argv + 1, argv + argc}); }
