# Read by cpack for a package of another architecture: dpkg-shlibdeps is shown the sysroot's libraries, and dpkg's
# records of them (dpkg_records.sh), whose paths get the sysroot in front.
set(sysroot ${CPACK_RECURD_SYSROOT})
set(records ${CPACK_PACKAGE_DIRECTORY}/_CPack_Packages/dpkg)
file(GLOB lists ${sysroot}/var/lib/dpkg/info/*.list)
if(NOT lists)
  message(FATAL_ERROR "no records of dpkg's in ${sysroot}: it isn't known which packages its libraries are of. "
                      "Remove it, and run deploy/aarch64/mksysroot.sh, which keeps them")
endif()
file(REMOVE_RECURSE ${records})
file(COPY ${sysroot}/var/lib/dpkg/info ${sysroot}/var/lib/dpkg/status DESTINATION ${records})
file(MAKE_DIRECTORY ${records}/updates)
file(GLOB lists ${records}/info/*.list)
execute_process(COMMAND sed -i s|^/|${sysroot}/| ${lists} COMMAND_ERROR_IS_FATAL ANY)
set(ENV{DPKG_ADMINDIR} ${records})
set(ENV{DEB_HOST_ARCH} ${CPACK_DEBIAN_PACKAGE_ARCHITECTURE})
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${sysroot}/lib/${CPACK_RECURD_LIBRARY_ARCHITECTURE}
                                                ${sysroot}/usr/lib/${CPACK_RECURD_LIBRARY_ARCHITECTURE})
