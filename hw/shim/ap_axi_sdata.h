#ifndef RECURD_HW_SHIM_AP_AXI_SDATA_H_
#define RECURD_HW_SHIM_AP_AXI_SDATA_H_

#include "hw/shim/ap_int.h"

// Stands in for the ap_axi_sdata.h of Vitis HLS. Source: UG1399, AXI4-Stream Interfaces with Side-Channels. C++14.
template <int data_bits, int user_bits, int id_bits, int dest_bits>
struct ap_axiu {
  static_assert(user_bits == 0 && id_bits == 0 && dest_bits == 0, "no side channels but keep and last");
  ap_uint<data_bits> data;
  ap_uint<data_bits / 8> keep;
  ap_uint<1> last;
};

#endif  // RECURD_HW_SHIM_AP_AXI_SDATA_H_
