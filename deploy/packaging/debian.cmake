# `cpack` in a build folder that was configured with the prefix /usr (preset package): recurd, recurctl and
# librecurd-dev as Debian packages. For another architecture: that of the toolchain file, its libraries' packages read
# from the sysroot.
if(NOT CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  return()
endif()
set(debian ${CMAKE_CURRENT_LIST_DIR}/debian)

set(CPACK_GENERATOR DEB)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_PACKAGE_NAME recurd)
set(CPACK_PACKAGE_CONTACT "recurd's maintainers <recurd@example.org>" CACHE STRING "Maintainer of the packages")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL recurd recurctl client)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
# Folders as Debian has them, whatever the caller's umask.
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ
                                                WORLD_EXECUTE)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/debian_tree.cmake)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "aarch64")
  set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE arm64)
endif()
if(CMAKE_CROSSCOMPILING)
  set(CPACK_PROJECT_CONFIG_FILE ${CMAKE_CURRENT_LIST_DIR}/cross_shlibdeps.cmake)
  set(CPACK_RECURD_SYSROOT ${CMAKE_SYSROOT})
  set(CPACK_RECURD_LIBRARY_ARCHITECTURE ${CMAKE_LIBRARY_ARCHITECTURE})
endif()

set(CPACK_COMPONENT_RECURD_DESCRIPTION "daemon that serves recurrent networks over gRPC
Serves ONNX models with recurrent layers (GRU, LSTM, RNN) at batch one, keeps
each client's hidden state between messages, answers a timestep in tens of
microseconds, and exports latency histograms to Prometheus.")
set(CPACK_DEBIAN_RECURD_PACKAGE_NAME recurd)
set(CPACK_DEBIAN_RECURD_PACKAGE_SECTION net)
set(CPACK_DEBIAN_RECURD_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_RECURD_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers, systemd | systemd-standalone-tmpfiles")
set(CPACK_DEBIAN_RECURD_PACKAGE_RECOMMENDS recurctl)
set(CPACK_DEBIAN_RECURD_PACKAGE_CONTROL_EXTRA ${debian}/recurd/postinst ${debian}/recurd/prerm ${debian}/recurd/postrm
                                              ${debian}/recurd/conffiles)

set(CPACK_COMPONENT_RECURCTL_DESCRIPTION "command line of recurd, the daemon for recurrent networks
Streams rows of numbers through a daemon's models, measures throughput and
latency, lists and moves sessions, loads models, and looks into model files.")
set(CPACK_DEBIAN_RECURCTL_PACKAGE_NAME recurctl)
set(CPACK_DEBIAN_RECURCTL_PACKAGE_SECTION net)
set(CPACK_DEBIAN_RECURCTL_PACKAGE_SHLIBDEPS ON)

set(CPACK_COMPONENT_CLIENT_DESCRIPTION "client library of recurd, the daemon for recurrent networks
C++20 headers and a static library for streams whose sessions survive the
server that they began at, and the protocol's definitions for other languages.")
set(CPACK_DEBIAN_CLIENT_PACKAGE_NAME librecurd-dev)
set(CPACK_DEBIAN_CLIENT_PACKAGE_SECTION libdevel)
# gRPC's CMake files ask for its compiler's plugin.
set(CPACK_DEBIAN_CLIENT_PACKAGE_DEPENDS "libgrpc++-dev, libprotobuf-dev, libabsl-dev, protobuf-compiler-grpc")

include(CPack)
