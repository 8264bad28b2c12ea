#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace recurd::emu {

// What hw/vitis/system_cfg.py writes for a mapping.
struct SystemCfg {
  std::map<std::string, std::string> units;                  // compute unit -> PL kernel
  std::vector<std::pair<std::string, std::string>> streams;  // from a port to a port: unit.port
  std::string clocks;
};

// Output of a shell command, standard error included; its exit status in `status` if that is given.
std::string OutputOf(const std::string& command, int* status = nullptr);

// Aborts the test program on a line that isn't v++'s.
SystemCfg ReadSystemCfg(const std::string& mapping, int hidden, const std::string& cell = "gru");

// The name behind the unit's: "feeder.x" -> "x".
std::string PortOf(const std::string& end);
std::string UnitOf(const std::string& end);

}  // namespace recurd::emu
