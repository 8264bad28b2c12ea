# Toolchain: the Cortex-A72 cores of a Versal, with the Debian packages of mksysroot.sh and Debian's cross compiler.
# Tests run under qemu-user. RECURD_SYSROOT names another folder of headers and libraries.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_C_FLAGS_INIT -mcpu=cortex-a72)
set(CMAKE_CXX_FLAGS_INIT -mcpu=cortex-a72)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)

set(RECURD_SYSROOT ${CMAKE_CURRENT_LIST_DIR}/../../build/aarch64-sysroot CACHE PATH "The target's files")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES RECURD_SYSROOT)
get_filename_component(CMAKE_SYSROOT ${RECURD_SYSROOT} ABSOLUTE)
if(NOT EXISTS ${CMAKE_SYSROOT}/usr/include)
  message(FATAL_ERROR "no sysroot in ${CMAKE_SYSROOT}: run deploy/aarch64/mksysroot.sh, or build.sh beside it")
endif()

# protoc and gRPC's plugin are this machine's, all else the target's; also what CMake files ask pkg-config for.
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_LIBDIR} ${CMAKE_SYSROOT}/usr/lib/aarch64-linux-gnu/pkgconfig:${CMAKE_SYSROOT}/usr/share/pkgconfig)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${CMAKE_SYSROOT})

# The board's instructions and no later ones.
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64-static -cpu cortex-a72 -L ${CMAKE_SYSROOT})
