# Third-party libraries. Versions are pinned by scripts/bootstrap.sh; licences are in NOTICE.

find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(PostgreSQL REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(prometheus-cpp REQUIRED)
find_package(zstd REQUIRED)
find_package(simdjson REQUIRED)
find_package(CLI11 REQUIRED)
find_package(GTest REQUIRED)
find_package(rapidcheck REQUIRED)
find_package(benchmark REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(rdkafka REQUIRED IMPORTED_TARGET rdkafka)
if(NOT TARGET zstd::libzstd_shared)
  add_library(zstd::libzstd_shared ALIAS zstd::libzstd)
endif()

# The pyarrow wheel's libparquet exports its own OpenSSL and simdjson symbols. Whatever else uses
# those libraries has to come first in the link order, and stay there although nothing of ours may
# use it directly; tests/iceberg/linking_test.cpp checks who won. As options they come before all
# libraries, which CMake puts in an order of its own.
add_library(tls_first INTERFACE)
target_link_options(tls_first INTERFACE -Wl,--no-as-needed ${OPENSSL_SSL_LIBRARY} ${OPENSSL_CRYPTO_LIBRARY})
target_link_libraries(tls_first INTERFACE OpenSSL::SSL OpenSSL::Crypto)

add_library(simdjson_first INTERFACE)
target_link_options(simdjson_first INTERFACE -Wl,--no-as-needed $<TARGET_FILE:simdjson::simdjson>)
target_link_libraries(simdjson_first INTERFACE simdjson::simdjson)

add_library(beast INTERFACE)
target_include_directories(beast SYSTEM INTERFACE ${Boost_INCLUDE_DIRS})
target_compile_definitions(beast INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_BEAST_USE_STD_STRING_VIEW)
target_link_libraries(beast INTERFACE Threads::Threads)

add_library(arrow_parquet INTERFACE)
find_package(Arrow 21 QUIET)
find_package(Parquet 21 QUIET)
if(Arrow_FOUND AND Parquet_FOUND)
  target_link_libraries(arrow_parquet INTERFACE tls_first simdjson_first Arrow::arrow_shared Parquet::parquet_shared)
else()
  set(TRADELAKE_PYTHON ${CMAKE_SOURCE_DIR}/.venv/bin/python CACHE FILEPATH "Python that has the pinned pyarrow")
  execute_process(COMMAND ${TRADELAKE_PYTHON} -c "import pyarrow,os;print(os.path.dirname(pyarrow.__file__))"
                  OUTPUT_VARIABLE PYARROW_DIR OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  file(GLOB ARROW_LIBRARY ${PYARROW_DIR}/libarrow.so.*00)
  file(GLOB PARQUET_LIBRARY ${PYARROW_DIR}/libparquet.so.*00)
  target_include_directories(arrow_parquet SYSTEM INTERFACE ${PYARROW_DIR}/include)
  target_link_libraries(arrow_parquet INTERFACE tls_first simdjson_first ${ARROW_LIBRARY} ${PARQUET_LIBRARY})
  target_link_options(arrow_parquet INTERFACE -Wl,-rpath,${PYARROW_DIR})
endif()
