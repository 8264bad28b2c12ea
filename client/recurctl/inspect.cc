#include <cstdio>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "client/recurctl/command.h"
#include "client/recurctl/inspect/picture.h"
#include "client/recurctl/inspect/report.h"
#include "client/recurctl/model_file.h"
#include "server/base/status_macros.h"

namespace recurd {
namespace {

absl::Status WriteSvg(const std::string& path, const InspectReport& report) {
  RECURD_ASSIGN_OR_RETURN(const std::string svg, InspectSvg(report));
  std::ofstream file(path);
  file << svg;
  if (file.flush()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("--svg=", path, ": can't be written; give a writable place"));
}

absl::Status Run(const std::string& where, const std::string& svg, bool json) {
  RECURD_ASSIGN_OR_RETURN(const ModelFile file, ReadModelFile(where));
  RECURD_ASSIGN_OR_RETURN(const std::unique_ptr<InspectReport> report, Inspect(file));
  std::fputs((json ? InspectJson(*report) : InspectText(*report)).c_str(), stdout);
  std::fflush(stdout);
  if (!svg.empty()) RECURD_RETURN_IF_ERROR(WriteSvg(svg, *report));
  return report->is_served() ? absl::OkStatus() : absl::InvalidArgumentError(report->error);
}

}  // namespace

int RunInspect(const std::vector<std::string>& arguments) {
  FlagSet set(
      "inspect FILE|DIR/model/version [flags]",
      "Says what a model file holds, what is served of it and how: tensors, states, nodes with their work, what\n"
      "a step costs, whether it streams; or which nodes are refused, and why. Needs no daemon. A config.pbtxt\n"
      "beside it counts. Exit code 1 if the model can't be served.");
  std::string where, svg;
  bool json = false;
  set.AddPositional("FILE", &where, true,
                    "An ONNX model, or a folder of a repository: DIR/model/version or DIR/model.");
  set.Add("svg", &svg, "File for a picture of the graph.");
  set.Add("json", &json, "Print the report as one JSON object; times in ns.");
  if (const std::optional<int> code = set.Parse(arguments)) return *code;
  const absl::Status status = Run(where, svg, json);
  return status.ok() ? kExitOk : Fail(status);
}

}  // namespace recurd
