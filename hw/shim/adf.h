#ifndef RECURD_HW_SHIM_ADF_H_
#define RECURD_HW_SHIM_ADF_H_

// Stands in for the adf.h of Vitis: exactly the part that hw/aie uses, so that its graphs and kernels run in hw/emu as
// they are. Never on the include path of a Vitis build. C++17.
// Source: UG1079 (kernel and graph programming), UG1076 (packet streams, PLIO).
#include "hw/shim/adf_graph.h"
#include "hw/shim/adf_streams.h"

#endif  // RECURD_HW_SHIM_ADF_H_
