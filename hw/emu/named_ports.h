#ifndef RECURD_HW_EMU_NAMED_PORTS_H_
#define RECURD_HW_EMU_NAMED_PORTS_H_

#include <adf.h>
#include <string.h>

#include <string>
#include <vector>

#include "hw/emu/gru_system.h"

// Run-time parameters under the names that a host writes them by: the graph object is `gru` in every mapping.
namespace recurd {
namespace emu {

// The ports of member `member` of the graph.
template <class Ports>
void NamePorts(const std::string& member, const Ports& ports) {
  int index = 0;
  for (const adf::internal::Port port : ports) port.node->name = "gru." + member + "[" + std::to_string(index++) + "]";
}

inline GruSystem::Parameter PortValue(const adf::input_port& port, const std::vector<float>& values) {
  GruSystem::Parameter parameter = {static_cast<adf::internal::Port>(port).node->name, {}};
  parameter.words.resize(values.size());
  memcpy(parameter.words.data(), values.data(), 4 * values.size());
  return parameter;
}
inline GruSystem::Parameter PortValue(const adf::input_port& port, int32_t value) {
  return {static_cast<adf::internal::Port>(port).node->name, {static_cast<uint32_t>(value)}};
}

}  // namespace emu
}  // namespace recurd

#endif  // RECURD_HW_EMU_NAMED_PORTS_H_
