// The files for Vitis in hw/vitis, against the graphs and kernels that they name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include "hw/aie/graphs/gru_aie.h"
#include "hw/aie/graphs/gru_cascade.h"
#include "hw/aie/simulate.h"
#include "hw/emu/hybrid_system.h"
#include "tests/unit/hw/gru_fixture.h"
#include "tests/unit/hw/vitis_system.h"

extern recurd::hw::GruHybrid<recurd::hw::DesignConfig> gru;

namespace recurd::emu {
namespace {

using testing::HasSubstr;

std::string ReadFile(const std::string& path) {
  std::ifstream file(RECURD_SOURCE_DIR "/" + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Every PLIO of the graph is an end of one stream, on the right side, and no stream ends at another.
void ExpectJoinsEveryPlioOnce(const GraphNodes& graph, const SystemCfg& cfg) {
  std::multiset<std::string> in, out, named_in, named_out;
  for (const auto& node : graph.nodes) {
    if (node->kind == Node::Kind::kPlioIn) in.insert(node->name);
    if (node->kind == Node::Kind::kPlioOut) out.insert(node->name);
  }
  for (const auto& [from, to] : cfg.streams) {
    if (UnitOf(from) == "ai_engine_0") named_out.insert(PortOf(from));
    if (UnitOf(to) == "ai_engine_0") named_in.insert(PortOf(to));
  }
  EXPECT_EQ(named_in, in);
  EXPECT_EQ(named_out, out);
}

// Every stream port of the PL kernels' sources is an end of one stream, and every kernel is there with its clock.
// `width`: of the ports that are arrays.
void ExpectJoinsEveryPortOnce(const SystemCfg& cfg, int width) {
  std::multiset<std::string> ports, named;
  for (const auto& [unit, kernel] : cfg.units) {
    EXPECT_THAT(cfg.clocks, HasSubstr(unit + ".ap_clk"));
    const std::string source = ReadFile("hw/pl/" + kernel + ".cc");
    EXPECT_THAT(source, HasSubstr("void " + kernel + "("));
    static const std::regex axis("INTERFACE axis port = (\\w+)");
    for (std::sregex_iterator at(source.begin(), source.end(), axis), end; at != end; ++at) {
      const std::string port = unit + "." + at->str(1);
      const int count = source.find(at->str(1) + "[") == std::string::npos ? 0 : width;
      for (int i = 0; i < count; ++i) ports.insert(port + "_" + std::to_string(i));
      if (count == 0) ports.insert(port);
    }
  }
  for (const auto& [from, to] : cfg.streams) {
    for (const std::string& end : {from, to}) {
      if (UnitOf(end) != "ai_engine_0") named.insert(end);
    }
  }
  EXPECT_EQ(named, ports);
}

template <template <class> class Graph, int hidden>
void ExpectFits(const std::string& mapping, int width) {
  SCOPED_TRACE(mapping + " H=" + std::to_string(hidden));
  const SystemCfg cfg = ReadSystemCfg(mapping, hidden);
  const Graph<hw::GruConfig<hidden, 8, hw::Reset::kBefore>> graph;
  ExpectJoinsEveryPlioOnce(graph.nodes(), cfg);
  ExpectJoinsEveryPortOnce(cfg, width);
}

TEST(SystemCfg, JoinsEveryPortOfHybridGraphsAndTheirKernelsOnce) {
  ExpectFits<hw::GruHybrid, 1>("hybrid", 1);
  ExpectFits<hw::GruHybrid, 8>("hybrid", 8);
  ExpectFits<hw::GruHybrid, 20>("hybrid", 20);
  ExpectFits<hw::GruHybrid, 32>("hybrid", 32);
  ExpectFits<hw::GruHybrid, 36>("hybrid", 18);  // two rows a group
  ExpectFits<hw::GruHybrid, 64>("hybrid", 32);
}

TEST(SystemCfg, JoinsEveryPortOfAieGraphsAndTheirKernelsOnce) {
  ExpectFits<hw::GruAie, 20>("aie", 0);
  ExpectFits<hw::GruAie, 64>("aie", 0);
}

TEST(SystemCfg, JoinsEveryPortOfCascadeGraphsAndTheirKernelsOnce) {
  ExpectFits<hw::GruCascade, 20>("cascade", hw::kGates);
  ExpectFits<hw::GruCascade, 64>("cascade", hw::kGates);
}

// A PLIO is joined to the port of its own name, or of its gate's or row's number.
TEST(SystemCfg, JoinsWhatBelongsTogether) {
  const std::map<std::string, std::string> others = {
      {"indices_r", "indices_0"}, {"indices_z", "indices_1"}, {"indices_n", "indices_2"}, {"y", "beats_in"}};
  for (const char* mapping : {"hybrid", "aie", "cascade"}) {
    for (const auto& [from, to] : ReadSystemCfg(mapping, 24).streams) {
      if (UnitOf(from) != "ai_engine_0" && UnitOf(to) != "ai_engine_0") continue;
      const std::string plio = PortOf(UnitOf(from) == "ai_engine_0" ? from : to);
      const std::string port = PortOf(UnitOf(from) == "ai_engine_0" ? to : from);
      const auto other = others.find(plio);
      const std::string row = plio.substr(0, 4) == "row_" ? "rows_" + plio.substr(4) : plio;
      EXPECT_EQ(port, other == others.end() ? row : other->second) << mapping << " " << from << " " << to;
    }
  }
}

TEST(SystemCfg, RefusesALayerWithoutUnits) {
  int status = 0;
  const std::string said = OutputOf(RECURD_SOURCE_DIR "/hw/vitis/system_cfg.py --mapping=hybrid --hidden=0", &status);
  EXPECT_NE(status, 0);
  EXPECT_THAT(said, HasSubstr("--hidden is 0, but a layer has one unit at least"));
}

void ExpectSourcesAreThere(const GraphNodes& graph, size_t count) {
  std::set<std::string> sources;
  for (const auto& node : graph.nodes) {
    if (node->kind == Node::Kind::kKernel) sources.insert(node->source);
  }
  EXPECT_EQ(sources.size(), count);
  for (const std::string& source : sources) {
    const std::string header = "hw/aie/kernels/" + source.substr(0, source.size() - 3) + ".h";
    EXPECT_THAT(ReadFile("hw/aie/kernels/" + source), HasSubstr("#include \"" + header + "\""));
  }
}

TEST(VitisGraph, NamesASourceFileForEveryKernel) {
  ExpectSourcesAreThere(gru.nodes(), 4);
  ExpectSourcesAreThere(hw::GruAie<hw::DesignConfig>().nodes(), 5);
  ExpectSourcesAreThere(hw::GruCascade<hw::DesignConfig>().nodes(), 5);
}

TEST(VitisKernels, JoinedBySystemCfgGiveTheBitsOfTheHybridSystem) {
  constexpr int kHidden = hw::Design::kHidden, kInput = hw::Design::kInput, kSteps = 12;
  const GruWeights weights = RandomWeights(kHidden, kInput, 1);
  const std::vector<float> x = RandomFloats(kSteps * kInput, 3, 1), start = RandomFloats(kHidden, 4, 1);
  CommandWriter writer;
  writer.Switch(2, 1, start.data(), kHidden);
  writer.Run(2, 0, 2, x.data(), kSteps, kInput);
  writer.Run(2, 0, 3, x.data(), 1, kInput);
  const std::vector<uint32_t> words = writer.Take();
  const size_t result_words = 12 + (kSteps + 2) * hw::PaddedWords(kHidden);

  VitisSystem vitis;
  vitis.SetWeights({weights});
  const std::vector<uint32_t> results = vitis.Move(words, result_words);
  auto hybrid = HybridSystem<hw::DesignConfig>::Make(hw::Timing());
  ASSERT_TRUE(hybrid.ok()) << hybrid.status();
  (*hybrid)->SetWeights({weights});
  (*hybrid)->Give(words);
  ASSERT_TRUE((*hybrid)->RunUntil(result_words).ok());
  EXPECT_EQ(results, (*hybrid)->results());
}

// The graph as a simulator has it: counts what is done to it.
template <class Graph>
struct SimulatedGraph : Graph {
  std::vector<std::string> calls;
  std::map<const Edge*, int> written;
  void init() { calls.push_back("init"); }
  void run(int iterations) { calls.push_back("run " + std::to_string(iterations)); }
  void end() { calls.push_back("end"); }
  template <class T>
  void update(const adf::input_port& port, const T*, int count) {
    const adf::internal::Port from = port;
    for (const auto& edge : this->nodes().edges) {
      if (edge->from != from.node) continue;
      EXPECT_EQ(edge->to->ins[edge->in].words, count) << Describe(*edge->to) << " input " << edge->in;
      ++written[edge.get()];
    }
  }
};

template <class Graph>
void ExpectWasSimulated(const SimulatedGraph<Graph>& graph) {
  EXPECT_EQ(graph.calls, (std::vector<std::string>{"init", "run 1", "end"}));
  int parameters = 0;
  for (const auto& edge : graph.nodes().edges) parameters += edge->kind == PortKind::kParameter;
  EXPECT_EQ(static_cast<int>(graph.written.size()), parameters);
  for (const auto& [edge, times] : graph.written) EXPECT_EQ(times, 1) << Describe(*edge->to) << " input " << edge->in;
}

template <class Config>
void ExpectSimulates() {
  SimulatedGraph<hw::GruHybrid<Config>> hybrid;
  hw::simulate_hybrid<Config>(hybrid);
  ExpectWasSimulated(hybrid);
  SimulatedGraph<hw::GruAie<Config>> aie;
  hw::simulate_aie<Config>(aie);
  ExpectWasSimulated(aie);
  SimulatedGraph<hw::GruCascade<Config>> cascade;
  hw::simulate_cascade<Config>(cascade);
  ExpectWasSimulated(cascade);
}

TEST(VitisGraph, SimulationWritesEveryParameterOnceAndWhole) {
  ExpectSimulates<hw::GruConfig<12, 20, hw::Reset::kBefore>>();
  ExpectSimulates<hw::GruConfig<12, 20, hw::Reset::kAfter>>();
  ExpectSimulates<hw::GruConfig<40, 8, hw::Reset::kAfter, 1>>();
}

// What `make -n` would run, and whether it can.
std::string DryRun(const std::string& arguments, int* status) {
  return OutputOf("make -n -C " RECURD_SOURCE_DIR "/hw/vitis " + arguments, status);
}

class VitisMakefile : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Mappings, VitisMakefile, testing::Values("hybrid", "aie", "cascade"));

TEST_P(VitisMakefile, BuildsEveryKernelAndTheGraphOfTheLayerFromFilesThatAreThere) {
  int status = -1;
  const std::string said = DryRun(
      "package PLATFORM=/p.xpfm ROOTFS=/rootfs.ext4 IMAGE=/Image BUILD=/nowhere HIDDEN=20 "
      "INPUT=6 RESET=after SETS=3 MAPPING=" +
          GetParam(),
      &status);
  ASSERT_EQ(status, 0) << said;
  std::set<std::string> sources;
  static const std::regex source("\\S+\\.(cc|py|cfg)\\b");
  for (std::sregex_iterator at(said.begin(), said.end(), source), end; at != end; ++at) sources.insert(at->str());
  EXPECT_EQ(sources.erase(">/nowhere/system.cfg") + sources.erase("system.cfg"), 2u) << said;
  for (const std::string& path : sources) EXPECT_TRUE(std::filesystem::exists(path)) << path;
  const SystemCfg cfg = ReadSystemCfg(GetParam(), 20);
  EXPECT_EQ(sources.size(), cfg.units.size() + 4) << said;  // and the graph, the script, two package_*.cfg
  for (const auto& [unit, kernel] : cfg.units) EXPECT_THAT(said, HasSubstr("--kernel " + kernel + " "));
  for (const char* macro : {"RECURD_HIDDEN=20", "RECURD_INPUT=6", "RECURD_RESET_BEFORE=0", "RECURD_SETS=3"}) {
    EXPECT_THAT(said, HasSubstr(std::string(" -D") + macro));
    EXPECT_THAT(said, HasSubstr(std::string("--aie.Xpreproc=-D") + macro));
    const std::string name = std::string(macro).substr(0, std::string(macro).find('='));
    EXPECT_THAT(ReadFile("hw/config/design.h"), HasSubstr("#ifndef " + name + "\n"));
  }
}

TEST(VitisParameters, SayWhatIsWrongWithAParameter) {
  int status = 0;
  EXPECT_THAT(DryRun("aie", &status), HasSubstr("PLATFORM is empty"));
  EXPECT_NE(status, 0);
  EXPECT_THAT(DryRun("help RESET=behind", &status), HasSubstr("RESET is 'behind'"));
  EXPECT_NE(status, 0);
  EXPECT_THAT(DryRun("help MAPPING=none", &status), HasSubstr("MAPPING is 'none'"));
  EXPECT_NE(status, 0);
  EXPECT_THAT(DryRun("help HIDDEN=0", &status), HasSubstr("HIDDEN is '0'"));
  EXPECT_NE(status, 0);
}

}  // namespace
}  // namespace recurd::emu
