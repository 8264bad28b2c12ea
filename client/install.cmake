# `cmake --install BUILD --component client` makes what find_package(recurd) finds: the library, its headers, the API's.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(libraries recurd_client recurd_proto recurd_proto_grpc health_proto health_proto_grpc)
set(generated ${CMAKE_INSTALL_INCLUDEDIR}/recurd/generated)
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/recurd)

set_target_properties(recurd_client PROPERTIES EXPORT_NAME client)
foreach(library ${libraries})
  target_compile_features(${library} PUBLIC cxx_std_20)
  target_include_directories(${library} INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}> $<INSTALL_INTERFACE:${generated}>)
endforeach()

install(TARGETS ${libraries} EXPORT recurd ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT client)
install(FILES recurd/client.h recurd/durable_session.h recurd/errors.h recurd/session.h
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/recurd COMPONENT client)
install(FILES ${PROJECT_BINARY_DIR}/proto/recurd/v1/recurd.pb.h DESTINATION ${generated}/proto/recurd/v1 COMPONENT client)
install(EXPORT recurd NAMESPACE recurd:: DESTINATION ${package} COMPONENT client)

configure_package_config_file(recurd-config.cmake.in recurd-config.cmake INSTALL_DESTINATION ${package})
write_basic_package_version_file(recurd-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/recurd-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/recurd-config-version.cmake
        DESTINATION ${package} COMPONENT client)
