#ifndef RECURD_HW_AIE_GRAPHS_GRAPH_PARTS_H_
#define RECURD_HW_AIE_GRAPHS_GRAPH_PARTS_H_

#include <adf.h>

#include <string>

#include "hw/config/geometry.h"

// Kernels and PLIOs at their places. C++17.
namespace recurd {
namespace hw {

// A kernel that has the tile to itself. source: a file of hw/aie/kernels.
inline void place_kernel(adf::kernel& kernel, const char* source, Place place) {
  adf::source(kernel) = source;
  adf::runtime<adf::ratio>(kernel) = 0.9;
  adf::location<adf::kernel>(kernel) = adf::tile{place.column, place.row};
}

// 128 bits, in the interface tile of the place's column.
inline void create_plio(adf::input_plio& plio, const std::string& name, Place place) {
  plio = adf::input_plio::create(name, adf::plio_128_bits);
  adf::location<adf::PLIO>(plio) = adf::shim{place.column};
}
inline void create_plio(adf::output_plio& plio, const std::string& name, Place place) {
  plio = adf::output_plio::create(name, adf::plio_128_bits);
  adf::location<adf::PLIO>(plio) = adf::shim{place.column};
}

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_AIE_GRAPHS_GRAPH_PARTS_H_
