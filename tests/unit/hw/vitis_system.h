#pragma once

#include <string>

#include "hw/aie/graphs/design_config.h"
#include "hw/aie/graphs/gru_hybrid.h"
#include "hw/emu/rowwise_system.h"
#include "tests/unit/hw/vitis_linked.h"

namespace recurd::emu {

// A Vitis build of the hybrid mapping, for the layer of design.h; and sinks that watch what the aggregator sends back.
class VitisSystem : public VitisLinked<RowwiseSystem<hw::DesignConfig, hw::GruHybrid<hw::DesignConfig>>> {
 public:
  VitisSystem() {
    EXPECT_TRUE(Elaborate().ok());
    AddUnit("gru_aggregator", {"control", "r", "zn"}, [this] {
      ::gru_aggregator(Port("gru_aggregator.control"), rows_, Port("gru_aggregator.r"), Port("gru_aggregator.zn"));
    });
    AddPorts("gru_aggregator.rows", rows_);
    JoinAll(ReadSystemCfg("hybrid", hw::Design::kHidden));
    Watch("gru_aggregator.r", &r);
    Watch("gru_aggregator.zn", &zn);
  }

  HostSink r{&engine(), "watch r"}, zn{&engine(), "watch zn"};

 private:
  void Watch(const char* port, HostSink* sink) {
    sink->Connect(engine().AddReader(Port(port).out.channel, sink->process(), 0, 64));
  }

  hw::beat_stream rows_[hw::Design::kRowPorts];
};

}  // namespace recurd::emu
