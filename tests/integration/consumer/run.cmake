# cmake -DBUILD=... -DSOURCE=... -DWORK=... [-DFLAGS=...] -P run.cmake: installs the client library of the build folder BUILD into
# WORK, and builds and runs the program in SOURCE against it, which knows nothing but the place.
file(REMOVE_RECURSE ${WORK})
foreach(command
        "${CMAKE_COMMAND};--install;${BUILD};--component;client;--prefix;${WORK}/prefix"
        "${CMAKE_COMMAND};-G;Ninja;-S;${SOURCE};-B;${WORK}/build;-DCMAKE_PREFIX_PATH=${WORK}/prefix;-DCMAKE_CXX_FLAGS=${FLAGS}"
        "${CMAKE_COMMAND};--build;${WORK}/build"
        "${WORK}/build/consumer")
  execute_process(COMMAND ${command} RESULT_VARIABLE result)
  if(result)
    message(FATAL_ERROR "failed: ${command}")
  endif()
endforeach()
file(GLOB_RECURSE headers ${WORK}/prefix/include/*.h)
foreach(header ${headers})
  file(STRINGS ${header} leaks REGEX "#include.*(server/|grpcpp)")
  if(leaks)
    message(FATAL_ERROR "${header} includes what is not installed: ${leaks}")
  endif()
endforeach()
