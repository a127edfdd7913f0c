# How the folders become targets, so that their own CMakeLists.txt are one or two lines.

# exportq_library(name [LIBRARIES ...]): a static library of all .c files here but main*.c.
function(exportq_library name)
  cmake_parse_arguments(ARG "" "" "LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.c)
  list(FILTER sources EXCLUDE REGEX "/main[^/]*\\.c$")
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC ${ARG_LIBRARIES} PRIVATE exportq_flags)
endfunction()

# exportq_program(name SOURCES ... LIBRARIES ...): an installed program.
function(exportq_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES} exportq_flags)
  install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()

# exportq_test(name SOURCES ... LIBRARIES ...): a cmocka program run by ctest. LABELS sorts the runs:
# "unit" is fast, "tsan" is for tests that make threads meet without foreign libraries. POSTGRES: it needs
# the PostgreSQL of tests/support; S3: its object store.
function(exportq_test name)
  cmake_parse_arguments(ARG "POSTGRES;S3" "" "SOURCES;LIBRARIES;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES} test_locale cmocka exportq_flags)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 120 LABELS "${ARG_LABELS}"
    ENVIRONMENT "UBSAN_OPTIONS=print_stacktrace=1;EXPORTQ_SOURCE_DIR=${CMAKE_SOURCE_DIR};EXPORTQ_POSTGRES_URL_FILE=${EXPORTQ_POSTGRES}/url;EXPORTQ_S3=${EXPORTQ_S3}")
  if(ARG_POSTGRES)
    target_link_libraries(${name} PRIVATE test_database)
    set_tests_properties(${name} PROPERTIES FIXTURES_REQUIRED postgres SKIP_RETURN_CODE 77)
  endif()
  if(ARG_S3)
    set_tests_properties(${name} PROPERTIES FIXTURES_REQUIRED s3 SKIP_RETURN_CODE 77)
  endif()
endfunction()
