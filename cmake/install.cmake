# Installing: libraries, headers, find_package(webai), pkg-config.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/webai)

install(TARGETS webai_static EXPORT webai-static ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
install(EXPORT webai-static NAMESPACE webai:: DESTINATION ${package_dir} COMPONENT development)
if(WEBAI_BUILD_SHARED)
  install(TARGETS webai_shared EXPORT webai-shared
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT development
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime)
  install(EXPORT webai-shared NAMESPACE webai:: DESTINATION ${package_dir} COMPONENT development)
endif()
if(TARGET webai_cli)
  install(TARGETS webai_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime)
endif()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/webai DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT runtime)

# The C++ library by name, as the compiler of this build links it.
set(WEBAI_CXX_RUNTIME ${CMAKE_CXX_IMPLICIT_LINK_LIBRARIES})
list(FILTER WEBAI_CXX_RUNTIME INCLUDE REGEX "^(stdc\\+\\+|c\\+\\+|c\\+\\+abi|m)$")
list(REMOVE_DUPLICATES WEBAI_CXX_RUNTIME)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/webai-config.cmake.in webai-config.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(webai-config-version.cmake COMPATIBILITY SameMajorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/webai-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/webai-config-version.cmake
  DESTINATION ${package_dir} COMPONENT development)

list(TRANSFORM WEBAI_LINK_NAMES PREPEND -l OUTPUT_VARIABLE private_libraries)
list(JOIN private_libraries " " WEBAI_PC_PRIVATE)
# The file finds its prefix from where it lies, so an installed tree can be moved.
file(RELATIVE_PATH WEBAI_PC_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(${PROJECT_SOURCE_DIR}/cmake/webai.pc.in webai.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/webai.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
