# Run by `cmake --install`: the files of deploy/systemd and the models, at the places of this prefix. What they say of
# /etc/recurd and /var/lib/recurd is true of the prefix /usr alone; here they get the paths that are. Programs are
# named with theirs, for systemd doesn't search every prefix. Sets by the caller: source, bindir, sysconfdir,
# localstatedir, unit_dir, and work, a folder for copies.

# etc and var of the prefix /usr are / alone's.
set(root "${CMAKE_INSTALL_PREFIX}")
if(root STREQUAL "/usr")
  set(root "/")
endif()
cmake_path(ABSOLUTE_PATH sysconfdir BASE_DIRECTORY "${root}")
cmake_path(ABSOLUTE_PATH localstatedir BASE_DIRECTORY "${root}")
cmake_path(ABSOLUTE_PATH bindir BASE_DIRECTORY "${CMAKE_INSTALL_PREFIX}")
cmake_path(ABSOLUTE_PATH unit_dir BASE_DIRECTORY "${CMAKE_INSTALL_PREFIX}")

# Files with their paths set right, to `folder`.
function(install_with_paths folder)
  foreach(file ${ARGN})
    file(READ "${file}" text)
    string(REPLACE "/etc/recurd" "${sysconfdir}/recurd" text "${text}")
    string(REPLACE "/var/lib/recurd" "${localstatedir}/lib/recurd" text "${text}")
    string(REPLACE "ExecStart=recurd" "ExecStart=${bindir}/recurd" text "${text}")
    cmake_path(GET file FILENAME name)
    file(WRITE "${work}/${name}" "${text}")
    file(INSTALL DESTINATION "${folder}" TYPE FILE FILES "${work}/${name}")
  endforeach()
endfunction()

file(GLOB units "${source}/systemd/*.service" "${source}/systemd/*.socket")
install_with_paths("${unit_dir}" ${units})
install_with_paths("${CMAKE_INSTALL_PREFIX}/lib/sysusers.d" "${source}/systemd/sysusers.d/recurd.conf")
install_with_paths("${CMAKE_INSTALL_PREFIX}/lib/tmpfiles.d" "${source}/systemd/tmpfiles.d/recurd.conf")
install_with_paths("${sysconfdir}/recurd" "${source}/systemd/recurd.flags")
file(INSTALL DESTINATION "${localstatedir}/lib/recurd/models" TYPE DIRECTORY FILES "${source}/models/digits"
     PATTERN held_out.csv EXCLUDE)
