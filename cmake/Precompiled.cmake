# Precompiled headers: what nearly every file includes, parsed once for the libraries, once more with Arrow for
# those that know tables, and once for the tests. Files still include what they use: lint compiles them without.
# clang refuses a precompiled header whose -D differ from the file's, so only g++ has them.

set(STANDARD_HEADERS
  <algorithm> <array> <atomic> <charconv> <chrono> <cstdint> <cstring> <deque> <expected> <filesystem> <functional>
  <map> <memory> <mutex> <optional> <random> <set> <span> <string> <string_view> <thread> <tuple> <unordered_map>
  <utility> <variant> <vector> <fmt/format.h>)
set(TABLE_HEADERS ${STANDARD_HEADERS} <arrow/api.h> <nlohmann/json.hpp>)
set(TEST_HEADERS ${STANDARD_HEADERS} <gmock/gmock.h> <gtest/gtest.h> <rapidcheck/gtest.h>)

# The first target given a kind (library, table, test) builds it; the others take that one.
function(tradelake_precompile target kind)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    return()
  endif()
  get_property(first GLOBAL PROPERTY TRADELAKE_PRECOMPILED_${kind})
  if(first)
    target_precompile_headers(${target} REUSE_FROM ${first})
  else()
    set_property(GLOBAL PROPERTY TRADELAKE_PRECOMPILED_${kind} ${target})
    if(kind STREQUAL "library")
      target_precompile_headers(${target} PRIVATE ${STANDARD_HEADERS})
    elseif(kind STREQUAL "table")
      target_precompile_headers(${target} PRIVATE ${TABLE_HEADERS})
    else()
      target_precompile_headers(${target} PRIVATE ${TEST_HEADERS})
    endif()
  endif()
endfunction()
