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
#include "hw/aie/graphs/rnn_lanes.h"
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
      const bool array = std::regex_search(source, std::regex("\\b" + at->str(1) + "\\)?\\["));
      const int count = array ? width : 0;
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

template <int hidden, int input, hw::LaneCell cell, hw::LaneNumerics numerics>
void ExpectLayerFits(const std::string& name) {
  SCOPED_TRACE(name + " H=" + std::to_string(hidden));
  const SystemCfg cfg = ReadSystemCfg("lanes", hidden, name);
  const hw::RnnLayer<hw::LanesConfig<hidden, input, cell, numerics>> graph;
  ExpectJoinsEveryPlioOnce(graph.nodes(), cfg);
  ExpectJoinsEveryPortOnce(cfg, hw::LaneGates(cell) * hw::PaddedWords(hidden) / hw::kLanes);
}

TEST(SystemCfg, JoinsEveryPortOfLanesGraphsAndTheirKernelsOnce) {
  ExpectLayerFits<1, 8, hw::LaneCell::kGruBefore, hw::LaneNumerics::kLut>("gru");
  ExpectLayerFits<20, 72, hw::LaneCell::kGruAfter, hw::LaneNumerics::kExact>("gru");  // own W tiles
  ExpectLayerFits<24, 256, hw::LaneCell::kLstm, hw::LaneNumerics::kLut>("lstm");      // in pairs
  ExpectLayerFits<64, 8, hw::LaneCell::kLstm, hw::LaneNumerics::kExact>("lstm");
  ExpectLayerFits<256, 64, hw::LaneCell::kGruAfter, hw::LaneNumerics::kLut>("gru");  // states in pairs
}

// A PLIO is joined to the port of its own name, or of its gate's or row's number.
TEST(SystemCfg, JoinsWhatBelongsTogether) {
  const std::map<std::string, std::string> others = {
      {"indices_r", "indices_0"}, {"indices_z", "indices_1"}, {"indices_n", "indices_2"}};
  for (const std::string mapping : {"hybrid", "aie", "cascade", "lanes"}) {
    const std::regex layer(mapping == "lanes" ? "_0(_|$)" : "$()");  // the only one
    for (const auto& [from, to] : ReadSystemCfg(mapping, 24).streams) {
      if (UnitOf(from) != "ai_engine_0" && UnitOf(to) != "ai_engine_0") continue;
      const std::string plio = std::regex_replace(PortOf(UnitOf(from) == "ai_engine_0" ? from : to), layer, "$1");
      const std::string port = PortOf(UnitOf(from) == "ai_engine_0" ? to : from);
      const auto other = others.find(plio);
      const std::string row = std::regex_replace(plio, std::regex("^(row|gate)_"), "$1s_");
      EXPECT_EQ(port, other == others.end() ? row : other->second) << mapping << " " << from << " " << to;
    }
  }
}

TEST(SystemCfg, RefusesALayerWithoutUnitsAndAnLstmWhereThereIsNone) {
  const std::string script = RECURD_SOURCE_DIR "/hw/vitis/system_cfg.py --mapping=hybrid --hidden=";
  int status = 0;
  EXPECT_THAT(OutputOf(script + "0", &status), HasSubstr("--hidden is 0, but a layer has one unit at least"));
  EXPECT_NE(status, 0);
  EXPECT_THAT(OutputOf(script + "8 --cell=lstm", &status), HasSubstr("--mapping=hybrid has GRUs only"));
  EXPECT_NE(status, 0);
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
  ExpectSourcesAreThere(hw::RnnLayer<hw::LanesDesignConfig>().nodes(), 1);
  using InPairs = hw::LanesConfig<24, 256, hw::LaneCell::kLstm, hw::LaneNumerics::kExact>;
  ExpectSourcesAreThere(hw::RnnLayer<InPairs>().nodes(), 2);
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

TEST(VitisKernels, TellTheLayerTheyWereBuiltFor) {
  VitisSystem vitis;
  vitis.SetWeights({RandomWeights(hw::Design::kHidden, hw::Design::kInput, 1)});
  vitis.Move({}, 0);
  const auto& told = vitis.registers();
  EXPECT_EQ(told.magic, hw::kMagic);
  EXPECT_EQ(told.abi, hw::kAbiMajor << 16 | hw::kAbiMinor);
  EXPECT_EQ(told.geometry, hw::PackGeometry(32, 8, 2, hw::kMappingHybrid));
  EXPECT_EQ(told.numerics, hw::PackNumerics(hw::kMappingHybrid, 0, 0));
  EXPECT_GT(told.heartbeat, 0u);
}

// The offsets stand in pragmas, which take no names.
TEST(VitisKernels, PutEveryRegisterWhereTheContractHasIt) {
  const std::string source = ReadFile("hw/pl/control.cc");
  std::map<std::string, uint32_t> found;
  static const std::regex pragma("s_axilite port = (\\w+) offset = (0x[0-9a-f]+)\n");
  for (std::sregex_iterator at(source.begin(), source.end(), pragma), end; at != end; ++at) {
    found[at->str(1)] = static_cast<uint32_t>(std::stoul(at->str(2), nullptr, 16));
  }
  const std::map<std::string, uint32_t> registers = {{"magic", hw::kRegMagic},
                                                     {"abi", hw::kRegAbi},
                                                     {"build_id", hw::kRegBuildId},
                                                     {"geometry", hw::kRegGeometry},
                                                     {"numerics", hw::kRegNumerics},
                                                     {"generation", hw::kRegGeneration},
                                                     {"heartbeat", hw::kRegHeartbeat},
                                                     {"fault", hw::kRegFault},
                                                     {"done", hw::kRegDone},
                                                     {"abort", hw::kRegAbort},
                                                     {"submit", hw::kRegSubmit},
                                                     {"input_offset", hw::kRegInputOffset},
                                                     {"input_beats", hw::kRegInputBeats},
                                                     {"result_offset", hw::kRegResultOffset},
                                                     {"window", hw::kRegWindow}};
  EXPECT_EQ(found, registers);
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

template <int hidden, int input>
void ExpectLayerSimulates() {
  using Config = hw::LanesConfig<hidden, input, hw::LaneCell::kLstm, hw::LaneNumerics::kExact>;
  SimulatedGraph<hw::RnnLayer<Config>> graph;
  hw::simulate_lanes<Config>(graph);
  ExpectWasSimulated(graph);
}

TEST(VitisGraph, SimulationWritesEveryParameterOnceAndWhole) {
  ExpectSimulates<hw::GruConfig<12, 20, hw::Reset::kBefore>>();
  ExpectSimulates<hw::GruConfig<12, 20, hw::Reset::kAfter>>();
  ExpectSimulates<hw::GruConfig<40, 8, hw::Reset::kAfter, 1>>();
  ExpectLayerSimulates<12, 20>();
  ExpectLayerSimulates<12, 72>();
  ExpectLayerSimulates<12, 256>();
  ExpectLayerSimulates<232, 64>();
}

// What `make -n` would run, and whether it can.
std::string DryRun(const std::string& arguments, int* status) {
  return OutputOf("make -n -C " RECURD_SOURCE_DIR "/hw/vitis " + arguments, status);
}

class VitisMakefile : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Mappings, VitisMakefile, testing::Values("hybrid", "aie", "cascade", "lanes"));

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
  for (const char* macro : {"RECURD_HIDDEN=20", "RECURD_INPUT=6", "RECURD_RESET_BEFORE=0", "RECURD_SETS=3",
                            "RECURD_LSTM=0", "RECURD_NUMERICS=kLut", "RECURD_MAPPING=kMapping", "RECURD_BUILD_ID="}) {
    EXPECT_THAT(said, HasSubstr(std::string(" -D") + macro));
    EXPECT_THAT(said, HasSubstr(std::string("--aie.Xpreproc=-D") + macro));
    const std::string name = std::string(macro).substr(0, std::string(macro).find('='));
    EXPECT_THAT(ReadFile("hw/config/design.h"), HasSubstr("#ifndef " + name + "\n"));
  }
}

TEST(VitisParameters, NameTheCellAndEveryActivation) {
  std::string forms = ReadFile("hw/config/activation.h");
  forms = forms.substr(0, forms.find("};"));
  static const std::regex value("(k\\w+) = \\d+,");
  const auto count = std::distance(std::sregex_iterator(forms.begin(), forms.end(), value), std::sregex_iterator());
  const std::vector<std::string> names = {"lut",    "exact",     "lut_interpolated", "piecewise_linear",
                                          "cordic", "polynomial"};
  EXPECT_EQ(count, static_cast<std::ptrdiff_t>(names.size()));
  for (const std::string& name : names) {
    int status = -1;
    const std::string said =
        DryRun("aie PLATFORM=/p.xpfm BUILD=/nowhere MAPPING=lanes CELL=lstm NUMERICS=" + name, &status);
    ASSERT_EQ(status, 0) << said;
    EXPECT_THAT(said, HasSubstr("=-DRECURD_LSTM=1 "));
    std::smatch macro;
    ASSERT_TRUE(std::regex_search(said, macro, std::regex("=-DRECURD_NUMERICS=(\\w+) "))) << said;
    EXPECT_THAT(forms, HasSubstr("  " + macro.str(1) + " = ")) << name;
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
  EXPECT_THAT(DryRun("help CELL=rnn", &status), HasSubstr("CELL is 'rnn'"));
  EXPECT_NE(status, 0);
  EXPECT_THAT(DryRun("help NUMERICS=half", &status), HasSubstr("NUMERICS is 'half'"));
  EXPECT_NE(status, 0);
  EXPECT_THAT(DryRun("help CELL=lstm", &status), HasSubstr("use MAPPING=lanes"));
  EXPECT_NE(status, 0);
  EXPECT_THAT(DryRun("help HIDDEN=0", &status), HasSubstr("HIDDEN is '0'"));
  EXPECT_NE(status, 0);
}

}  // namespace
}  // namespace recurd::emu
