# Foreign libraries, each found once and named as a target. All are Debian 12 packages
# (tools/install lists them).
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

function(exportq_foreign name module)
  pkg_check_modules(${name}_pc REQUIRED IMPORTED_TARGET GLOBAL ${module})
  add_library(${name} INTERFACE)
  target_link_libraries(${name} INTERFACE PkgConfig::${name}_pc)
endfunction()

exportq_foreign(protobuf_c libprotobuf-c)
exportq_foreign(openssl_crypto libcrypto)
exportq_foreign(sqlite sqlite3)
exportq_foreign(isal libisal)
exportq_foreign(zstd libzstd)
if(EXPORTQ_TESTS)
  exportq_foreign(zlib zlib)
endif()
exportq_foreign(pq libpq)
exportq_foreign(jansson_json jansson)
exportq_foreign(icu_uc icu-uc)
exportq_foreign(icu_i18n icu-i18n)
# The C core only: Debian's .pc file would drag in the C++ library.
find_library(EXPORTQ_GRPC grpc REQUIRED)
find_library(EXPORTQ_GPR gpr REQUIRED)
add_library(grpc_core INTERFACE)
target_link_libraries(grpc_core INTERFACE ${EXPORTQ_GRPC} ${EXPORTQ_GPR} Threads::Threads)
