# The flags of all our own code. Generated code is a system header to us and gets none of them.
add_library(exportq_flags INTERFACE)
target_include_directories(exportq_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(exportq_flags INTERFACE _GNU_SOURCE
  EXPORTQ_VERSION="${PROJECT_VERSION}")
target_compile_options(exportq_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes
  -Wswitch-enum -Wvla -Wformat=2 -Wundef -Wwrite-strings -Werror -fvisibility=hidden)

if(EXPORTQ_SANITIZE)
  add_compile_options(-fsanitize=${EXPORTQ_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer -g)
  add_link_options(-fsanitize=${EXPORTQ_SANITIZE})
endif()
if(EXPORTQ_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link -O1)
endif()
if(EXPORTQ_COVERAGE)
  add_compile_options(--coverage -fprofile-update=atomic)
  add_link_options(--coverage)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release" OR CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  # Asserts stay on in release (style rule 19).
  string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")
  string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELWITHDEBINFO "${CMAKE_C_FLAGS_RELWITHDEBINFO}")
  add_compile_options(-O2 -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection)
  add_link_options(-Wl,-z,relro,-z,now)
  include(CheckPIESupported)
  check_pie_supported()
endif()
