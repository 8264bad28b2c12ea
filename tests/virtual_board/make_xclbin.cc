// Writes an xclbin for the virtual board: xclbin_writer.h.

#include <uuid/uuid.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <string>

#include "tests/virtual_board/xclbin_writer.h"

namespace {

using recurd::emu::Placement;
using recurd::virtual_board::XclbinKind;
using recurd::virtual_board::XclbinOptions;

constexpr char kUsage[] =
    "usage: make_xclbin [--NAME=VALUE]... OUT\n"
    "  --mapping=hybrid|aie|cascade|lanes|lanes_exact   (lanes)\n"
    "  --activation=N     hw::ActivationForm, for lanes with others than tables\n"
    "  --hidden=N         units of the design (32)\n"
    "  --input=N          its input words (8)\n"
    "  --cell=gru_before|gru_after|lstm   (gru_after)\n"
    "  --build=N          BUILD_ID (1)\n"
    "  --kind=full|pl|aie|foreign   (full)\n"
    "  --uuid=UUID        (one that depends on design and kind)\n";

const std::map<std::string, int> kMappings = {
    {"hybrid", 1}, {"aie", 2}, {"cascade", 3}, {"lanes", 4}, {"lanes_exact", 5}};
const std::map<std::string, int> kCells = {{"gru_before", 0}, {"gru_after", 1}, {"lstm", 2}};
const std::map<std::string, XclbinKind> kKinds = {
    {"full", XclbinKind::kFull}, {"pl", XclbinKind::kPl}, {"aie", XclbinKind::kAie}, {"foreign", XclbinKind::kForeign}};

std::map<std::string, std::string> Defaults() {
  return {{"mapping", "lanes"}, {"activation", ""}, {"hidden", "32"}, {"input", "8"}, {"cell", "gru_after"},
          {"build", "1"},       {"kind", "full"},   {"uuid", ""},     {"out", ""}};
}

bool ReadArguments(int argc, char** argv, std::map<std::string, std::string>* to) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const size_t equals = word.find('=');
    const bool option = word.rfind("--", 0) == 0 && equals != std::string::npos;
    const std::string name = option ? word.substr(2, equals - 2) : "out";
    if ((!option && word[0] == '-') || to->count(name) == 0 || (option && name == "out")) return false;
    (*to)[name] = option ? word.substr(equals + 1) : word;
  }
  return !(*to)["out"].empty() && kMappings.count((*to)["mapping"]) && kCells.count((*to)["cell"]) &&
         kKinds.count((*to)["kind"]);
}

const Placement* FindExactly(std::map<std::string, std::string>& words) {
  for (const auto* all : {&recurd::emu::BuiltPlacements(), &recurd::emu::BuiltVariants()}) {
    for (const Placement& each : *all) {
      const std::string activation = std::to_string(static_cast<int>(each.activation));
      if (static_cast<int>(each.mapping) == kMappings.at(words["mapping"]) &&
          std::to_string(each.shape.hidden_size) == words["hidden"] &&
          std::to_string(each.shape.input_size) == words["input"] &&
          static_cast<int>(each.shape.cell) == kCells.at(words["cell"]) &&
          (words["activation"].empty() || words["activation"] == activation)) {
        return &each;
      }
    }
  }
  return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--help") == 0) return std::fputs(kUsage, stdout) < 0;
  std::map<std::string, std::string> words = Defaults();
  if (!ReadArguments(argc, argv, &words)) return std::fputs(kUsage, stderr), 2;
  XclbinOptions options;
  options.kind = kKinds.at(words["kind"]);
  options.build_id = static_cast<uint32_t>(std::strtoul(words["build"].c_str(), nullptr, 0));
  options.placement = FindExactly(words);
  if (options.placement == nullptr) {
    std::fprintf(stderr, "make_xclbin: no such placement was built: hw/emu/placement_sizes.h lists them\n");
    return 1;
  }
  if (!words["uuid"].empty() && uuid_parse(words["uuid"].c_str(), options.uuid.data()) != 0) {
    std::fprintf(stderr, "make_xclbin: '%s' is no uuid\n", words["uuid"].c_str());
    return 2;
  }
  const std::string data = recurd::virtual_board::MakeXclbin(options);
  std::ofstream out(words["out"], std::ios::binary);
  out << data << std::flush;
  if (!out) return std::fprintf(stderr, "make_xclbin: can't write %s\n", words["out"].c_str()), 1;
  std::printf("%s: %zu bytes\n", words["out"].c_str(), data.size());
  return 0;
}
