#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "hw/aie/graphs/design_config.h"
#include "hw/aie/graphs/gru_hybrid.h"
#include "hw/emu/rowwise_system.h"
#include "hw/pl/tops.h"
#include "tests/unit/hw/system_cfg.h"

namespace recurd::emu {

// What a Vitis build links: the PL kernels of hw/pl/*.cc and the hybrid graph, for the layer of design.h, joined as
// hw/vitis/system_cfg.py says; and sinks that watch what the aggregator sends back.
class VitisSystem : public RowwiseSystem<hw::DesignConfig, hw::GruHybrid<hw::DesignConfig>> {
 public:
  VitisSystem() : RowwiseSystem(hw::Timing(), {}) {
    EXPECT_TRUE(Elaborate().ok());
    AddKernels();
    for (const auto& [from, to] : ReadSystemCfg("hybrid", hw::Design::kHidden).streams) Join(from, to);
    Watch("gru_aggregator.r", &r);
    Watch("gru_aggregator.zn", &zn);
  }

  // Calls the movers once each: all of `words` in, `result_words` out to memory, which is returned.
  std::vector<uint32_t> Move(const std::vector<uint32_t>& words, size_t result_words) {
    from_.resize(words.size() / hw::kBeatWords);
    to_.resize(result_words / hw::kBeatWords);
    for (size_t i = 0; i < words.size(); ++i) from_[i / hw::kBeatWords].words[i % hw::kBeatWords] = words[i];
    engine().Run();
    EXPECT_TRUE(moved_) << engine().Waiting();
    std::vector<uint32_t> results(result_words);
    for (size_t i = 0; i < result_words; ++i) results[i] = to_[i / hw::kBeatWords].words[i % hw::kBeatWords];
    return results;
  }

  HostSink r{&engine(), "watch r"}, zn{&engine(), "watch zn"};

 private:
  void AddKernels() {
    AddUnit("mm2s_x", [this] { mm2s(from_.data(), Port("mm2s_x.beats_out"), static_cast<uint32_t>(from_.size())); });
    AddUnit("s2mm_y", [this] {
      s2mm(Port("s2mm_y.beats_in"), to_.data(), static_cast<uint32_t>(to_.size()));
      moved_ = true;
    });
    AddUnit("gru_feeder",
            [this] { ::gru_feeder(Port("gru_feeder.commands"), Port("gru_feeder.x"), Port("gru_feeder.control")); });
    AddUnit("gru_aggregator", [this] {
      ::gru_aggregator(Port("gru_aggregator.control"), rows_, Port("gru_aggregator.r"), Port("gru_aggregator.zn"));
    });
    for (const char* port : {"mm2s_x.beats_out", "s2mm_y.beats_in", "gru_feeder.commands", "gru_feeder.x",
                             "gru_feeder.control", "gru_aggregator.control", "gru_aggregator.r", "gru_aggregator.zn"}) {
      streams_.push_back(std::make_unique<hw::beat_stream>());
      ports_[port] = streams_.back().get();
    }
    for (int row = 0; row < hw::Design::kRowPorts; ++row) {
      ports_["gru_aggregator.rows_" + std::to_string(row)] = &rows_[row];
    }
  }
  // Makes no string: a kernel that never returns would never free it.
  hw::beat_stream& Port(const char* name) const { return *ports_.find(name)->second; }
  void AddUnit(const std::string& name, std::function<void()> body) { units_[name] = AddPlKernel(name, body); }

  void Join(const std::string& from, const std::string& to) {
    if (UnitOf(from) == "ai_engine_0") {
      ports_.at(to)->in = array().PlReads(PortOf(from), units_.at(UnitOf(to)));
    } else if (UnitOf(to) == "ai_engine_0") {
      ports_.at(from)->out = array().PlWrites(PortOf(to));
    } else {
      ConnectFifo(from, units_.at(UnitOf(from)), &ports_.at(from)->out, units_.at(UnitOf(to)), &ports_.at(to)->in);
    }
  }
  void Watch(const std::string& port, HostSink* sink) {
    sink->Connect(engine().AddReader(ports_.at(port)->out.channel, sink->process(), 0, 64));
  }

  std::map<std::string, Process*> units_;
  std::map<std::string, hw::beat_stream*, std::less<>> ports_;
  std::vector<std::unique_ptr<hw::beat_stream>> streams_;
  hw::beat_stream rows_[hw::Design::kRowPorts];
  std::vector<ap_uint<128>> from_, to_;
  bool moved_ = false;
};

}  // namespace recurd::emu
