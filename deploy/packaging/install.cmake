# `cmake --install BUILD [--prefix DIR] [--component C]`, below $DESTDIR where that is set. Components: recurd (the
# daemon and what a service of it needs), recurctl, and client (client/install.cmake). README.md lists the files.
include(GNUInstallDirs)
set(doc ${CMAKE_INSTALL_DATADIR}/doc)
set(data ${CMAKE_INSTALL_DATADIR}/recurd)
set(RECURD_UNIT_DIR lib/systemd/system CACHE PATH "Where systemd's units go, below the prefix unless absolute")

install(TARGETS recurd RUNTIME COMPONENT recurd)
install(DIRECTORY deploy/prometheus deploy/grafana DESTINATION ${data} COMPONENT recurd)
install(FILES NOTICE CHANGELOG.md deploy/security.md DESTINATION ${doc}/recurd COMPONENT recurd)
install(FILES deploy/systemd/README.md DESTINATION ${doc}/recurd COMPONENT recurd RENAME systemd.md)
install(FILES deploy/models/repository.md DESTINATION ${doc}/recurd COMPONENT recurd RENAME models.md)
install(FILES deploy/systemd/examples/board.conf deploy/models/digits/held_out.csv
        DESTINATION ${doc}/recurd/examples COMPONENT recurd)
install(CODE "
  set(source \"${PROJECT_SOURCE_DIR}/deploy\")
  set(bindir \"${CMAKE_INSTALL_BINDIR}\")
  set(sysconfdir \"${CMAKE_INSTALL_SYSCONFDIR}\")
  set(localstatedir \"${CMAKE_INSTALL_LOCALSTATEDIR}\")
  set(unit_dir \"${RECURD_UNIT_DIR}\")
  set(work \"${CMAKE_CURRENT_BINARY_DIR}/system_files\")
  include(\"${CMAKE_CURRENT_LIST_DIR}/system_files.cmake\")" COMPONENT recurd)

# Manual pages are made of what --help prints, so only where the programs run, if need be by an emulator.
find_program(AWK NAMES mawk gawk awk)
if(AWK AND NOT RECURD_SANITIZER AND (NOT CMAKE_CROSSCOMPILING OR CMAKE_CROSSCOMPILING_EMULATOR))
  set(make_man ${CMAKE_CURRENT_LIST_DIR}/man/make_man.sh)
  set(pages)
  foreach(page recurd.8 recurctl.1)
    get_filename_component(program ${page} NAME_WE)
    set(template ${CMAKE_CURRENT_LIST_DIR}/man/${page}.in)
    add_custom_command(
      OUTPUT ${page}
      COMMAND ${make_man} ${AWK} ${template} ${PROJECT_VERSION} ${page}
              ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:${program}>
      DEPENDS ${make_man} ${template} ${program}
      VERBATIM)
    list(APPEND pages ${page})
    string(REGEX MATCH "[0-9]$" section ${page})
    install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section}
            COMPONENT ${program})
  endforeach()
  add_custom_target(man ALL DEPENDS ${pages})
endif()

include(${CMAKE_CURRENT_LIST_DIR}/debian.cmake)
