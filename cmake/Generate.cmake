# What the build makes from sources that are not C: bindings, descriptor sets, embedded files.
find_program(EXPORTQ_PROTOC protoc REQUIRED)
find_program(EXPORTQ_PROTOC_C protoc-c REQUIRED)
set(EXPORTQ_GENERATED ${CMAKE_BINARY_DIR}/generated)
set(EXPORTQ_SYSTEM_PROTOS /usr/include)

# exportq_protos(target PROTO_PATH dir ... FILES a/b.proto ...): a library of protoc-c bindings. Files
# are named below a proto path; #include "a/b.pb-c.h" finds the result.
function(exportq_protos target)
  cmake_parse_arguments(ARG "" "" "PROTO_PATH;FILES;LIBRARIES" ${ARGN})
  set(paths)
  foreach(dir ${ARG_PROTO_PATH} ${EXPORTQ_SYSTEM_PROTOS})
    list(APPEND paths --proto_path=${dir})
  endforeach()
  set(out ${EXPORTQ_GENERATED}/${target})
  file(MAKE_DIRECTORY ${out})
  set(sources)
  foreach(file ${ARG_FILES})
    string(REGEX REPLACE "\\.proto$" ".pb-c" stem ${file})
    exportq_find_proto(source ${file} ${ARG_PROTO_PATH} ${EXPORTQ_SYSTEM_PROTOS})
    add_custom_command(
      OUTPUT ${out}/${stem}.c ${out}/${stem}.h
      COMMAND ${EXPORTQ_PROTOC_C} ${paths} --c_out=${out} ${file}
      DEPENDS ${source} VERBATIM)
    list(APPEND sources ${out}/${stem}.c ${out}/${stem}.h)
  endforeach()
  add_library(${target} STATIC ${sources})
  target_include_directories(${target} SYSTEM PUBLIC ${out})
  target_compile_options(${target} PRIVATE -w)
  target_link_libraries(${target} PUBLIC protobuf_c ${ARG_LIBRARIES})
endfunction()

function(exportq_find_proto result file)
  foreach(dir ${ARGN})
    if(EXISTS ${dir}/${file})
      set(${result} ${dir}/${file} PARENT_SCOPE)
      return()
    endif()
  endforeach()
  message(FATAL_ERROR "no ${file} below: ${ARGN}")
endfunction()

# exportq_descriptor_set(result name PROTO_PATH dir ... FILES a/b.proto ...): a FileDescriptorSet with
# all imports, for reflection; ${result} is its path.
function(exportq_descriptor_set result name)
  cmake_parse_arguments(ARG "" "" "PROTO_PATH;FILES" ${ARGN})
  set(paths)
  set(sources)
  foreach(dir ${ARG_PROTO_PATH} ${EXPORTQ_SYSTEM_PROTOS})
    list(APPEND paths --proto_path=${dir})
  endforeach()
  foreach(file ${ARG_FILES})
    exportq_find_proto(source ${file} ${ARG_PROTO_PATH} ${EXPORTQ_SYSTEM_PROTOS})
    list(APPEND sources ${source})
  endforeach()
  set(out ${EXPORTQ_GENERATED}/${name}.bin)
  file(MAKE_DIRECTORY ${EXPORTQ_GENERATED})
  add_custom_command(
    OUTPUT ${out}
    COMMAND ${EXPORTQ_PROTOC} ${paths} --include_imports --descriptor_set_out=${out} ${ARG_FILES}
    DEPENDS ${sources} VERBATIM)
  set(${result} ${out} PARENT_SCOPE)
endfunction()

# exportq_embed(target symbol file): adds the bytes of a file to a target as
# `extern const unsigned char symbol[]; extern const size_t symbol_size;` in "symbol.h".
function(exportq_embed target symbol file)
  set(out ${EXPORTQ_GENERATED}/embed_${target})
  file(MAKE_DIRECTORY ${out})
  add_custom_command(
    OUTPUT ${out}/${symbol}.c ${out}/${symbol}.h
    COMMAND ${CMAKE_COMMAND} -DSYMBOL=${symbol} -DINPUT=${file} -DOUTPUT=${out}/${symbol}
      -P ${CMAKE_SOURCE_DIR}/cmake/Embed.cmake
    DEPENDS ${file} ${CMAKE_SOURCE_DIR}/cmake/Embed.cmake VERBATIM)
  target_sources(${target} PRIVATE ${out}/${symbol}.c ${out}/${symbol}.h)
  target_include_directories(${target} SYSTEM PUBLIC ${out})
endfunction()
