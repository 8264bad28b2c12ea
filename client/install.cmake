# `cmake --install BUILD --component client` makes what find_package(recurd) finds: one library with all that is the
# API's, its headers, the protos for other languages, and a file for pkg-config.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/recurd)

# The parts' objects in one archive, librecurd.a: whoever links it needs to know nothing of the parts.
set(objects)
foreach(part recurd_client recurd_proto recurd_proto_grpc health_proto health_proto_grpc)
  list(APPEND objects $<TARGET_OBJECTS:${part}>)
endforeach()
add_library(recurd_client_archive STATIC ${objects})
set_target_properties(recurd_client_archive PROPERTIES OUTPUT_NAME recurd EXPORT_NAME client LINKER_LANGUAGE CXX)
target_compile_features(recurd_client_archive PUBLIC cxx_std_20)
set(include ${CMAKE_INSTALL_INCLUDEDIR})
target_include_directories(recurd_client_archive INTERFACE $<INSTALL_INTERFACE:${include}>
                                                           $<INSTALL_INTERFACE:${include}/recurd/generated>)
target_link_libraries(recurd_client_archive INTERFACE gRPC::grpc++ protobuf::libprotobuf ${client_deps})

install(TARGETS recurd_client_archive EXPORT recurd ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT client)
install(FILES recurd/client.h recurd/durable_session.h recurd/errors.h recurd/session.h
        DESTINATION ${include}/recurd COMPONENT client)
install(FILES ${PROJECT_BINARY_DIR}/proto/recurd/v1/recurd.pb.h
        DESTINATION ${include}/recurd/generated/proto/recurd/v1 COMPONENT client)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/proto/ DESTINATION ${CMAKE_INSTALL_DATADIR}/recurd/proto COMPONENT client
        FILES_MATCHING PATTERN *.proto)
install(EXPORT recurd NAMESPACE recurd:: DESTINATION ${package} COMPONENT client)

configure_package_config_file(recurd-config.cmake.in recurd-config.cmake INSTALL_DESTINATION ${package})
write_basic_package_version_file(recurd-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/recurd-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/recurd-config-version.cmake
        DESTINATION ${package} COMPONENT client)

# Its prefix is where the file itself is, so it may be moved.
file(RELATIVE_PATH prefix_from_pc /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(recurd.pc.in recurd.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/recurd.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT client)
