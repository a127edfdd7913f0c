# The .deb, by cpack: tools/package. Dependencies are what dpkg-shlibdeps finds.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME exportq)
set(CPACK_PACKAGE_VENDOR exportq)
set(CPACK_PACKAGE_CONTACT "exportq maintainers <maintainers@exportq.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "builds big exports in the background and hands each over once")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
  "A gRPC service, with a door for browsers, that takes requests for exports of
a database, answers at once, builds the files (csv, json, ndjson, xlsx) in
the background, tells whoever watches, and hands each file over once.
.
In this package: the server exportqd, the worker exportq-worker, the command
line exportq, their units, and the export types of a trading journal.")
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "passwd, tzdata")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "ca-certificates")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "postgresql")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  "${CMAKE_SOURCE_DIR}/packaging/deb/postinst;${CMAKE_SOURCE_DIR}/packaging/deb/prerm"
  "${CMAKE_SOURCE_DIR}/packaging/deb/postrm;${CMAKE_SOURCE_DIR}/packaging/deb/conffiles")
set(CPACK_SET_DESTDIR ON) # /etc is not under /usr
set(CPACK_INSTALL_PREFIX ${CMAKE_INSTALL_PREFIX})
set(CPACK_STRIP_FILES ON)
include(CPack)
