# onnx_proto: the messages of ONNX files, from ONNX's CMake package, or made here from its onnx-ml.proto where there is no such
# package, as in Yocto's layers.
set(RECURD_ONNX_PROTO "" CACHE FILEPATH "ONNX's onnx-ml.proto, to make its messages from; none: find ONNX's CMake package")

if(NOT RECURD_ONNX_PROTO)
  find_package(ONNX REQUIRED GLOBAL)
  return()
endif()

set(onnx_folder ${PROJECT_BINARY_DIR}/onnx_proto/onnx)
file(WRITE ${onnx_folder}/onnx_pb.h "#pragma once\n#include <onnx/onnx-ml.pb.h>\n")
configure_file(${RECURD_ONNX_PROTO} ${onnx_folder}/onnx-ml.proto COPYONLY)
add_custom_command(
  OUTPUT ${onnx_folder}/onnx-ml.pb.cc ${onnx_folder}/onnx-ml.pb.h
  COMMAND ${Protobuf_PROTOC_EXECUTABLE} --proto_path=${PROJECT_BINARY_DIR}/onnx_proto --cpp_out=${PROJECT_BINARY_DIR}/onnx_proto
          ${onnx_folder}/onnx-ml.proto
  DEPENDS ${onnx_folder}/onnx-ml.proto)
add_library(onnx_proto STATIC ${onnx_folder}/onnx-ml.pb.cc ${onnx_folder}/onnx-ml.pb.h)
target_include_directories(onnx_proto SYSTEM PUBLIC ${PROJECT_BINARY_DIR}/onnx_proto)
target_link_libraries(onnx_proto PUBLIC protobuf::libprotobuf)
