# XRT: xrt::coreutil is its imported target where it was found. RECURD_XRT says whether it must be (ON), may be (AUTO)
# or isn't wanted (OFF).
#
# pkg-config isn't asked: Debian's xrt.pc names folders that don't exist, and links xrt_core, which puts the driver of PCIe
# cards into the process before the one that XILINX_XRT names. The graph calls are missing from some builds of the
# library, Debian's for arm64 among them, so a program is linked to see.
set(RECURD_XRT AUTO CACHE STRING "Build the pipeline xrt with AMD's XRT library: AUTO (where it is found), ON or OFF")
set_property(CACHE RECURD_XRT PROPERTY STRINGS AUTO ON OFF)

function(recurd_find_xrt)
  find_path(XRT_INCLUDE_DIR xrt/xrt_device.h HINTS $ENV{XILINX_XRT}/include PATH_SUFFIXES xrt)
  find_library(XRT_COREUTIL xrt_coreutil HINTS $ENV{XILINX_XRT}/lib)
  find_library(XRT_UUID uuid)
  if(NOT XRT_INCLUDE_DIR OR NOT XRT_COREUTIL OR NOT XRT_UUID)
    set(XRT_PROBLEM "xrt/xrt_device.h, libxrt_coreutil or libuuid not found; Debian's packages are libxrt-dev and uuid-dev" PARENT_SCOPE)
    return()
  endif()
  # 2.25 has xrt_device.h both in include/xrt and as xrt/xrt_device.h; older headers include one another from include/xrt.
  add_library(xrt::coreutil UNKNOWN IMPORTED GLOBAL)
  set_target_properties(xrt::coreutil PROPERTIES
    IMPORTED_LOCATION ${XRT_COREUTIL}
    INTERFACE_INCLUDE_DIRECTORIES "${XRT_INCLUDE_DIR};${XRT_INCLUDE_DIR}/xrt"
    INTERFACE_LINK_LIBRARIES "${XRT_UUID};Threads::Threads")
  include(CheckCXXSourceCompiles)
  set(CMAKE_REQUIRED_LIBRARIES xrt::coreutil)
  check_cxx_source_compiles("#include <xrt/xrt_graph.h>
    int main() { xrt::graph graph(xrt::device(0u), xrt::uuid(), \"\"); graph.run(1); return xrtGraphUpdateRTP(nullptr, \"\", nullptr, 0); }" XRT_HAS_GRAPH)
  if(NOT XRT_HAS_GRAPH)
    set(XRT_PROBLEM "${XRT_COREUTIL} was built without graphs (Debian's for arm64 is); PetaLinux's has them" PARENT_SCOPE)
  endif()
endfunction()

set(XRT_PROBLEM "RECURD_XRT=OFF")
if(NOT RECURD_XRT STREQUAL OFF)
  unset(XRT_PROBLEM)
  recurd_find_xrt()
endif()
if(XRT_PROBLEM AND RECURD_XRT STREQUAL ON)
  message(FATAL_ERROR "RECURD_XRT=ON: ${XRT_PROBLEM}")
endif()
if(XRT_PROBLEM)
  message(STATUS "pipeline xrt: not built: ${XRT_PROBLEM}")
endif()
