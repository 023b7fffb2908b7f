# Compiler and linker choices shared by every target.

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # The two things ccache wants to be told before it caches what uses a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE_PROGRAM})
  add_compile_options($<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fpch-preprocess>)
endif()

find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM)
  add_link_options(-fuse-ld=mold)
endif()

# simdjson's on-demand front end is compiled in the caller: without these two it is its byte-wise
# fallback. Every x86-64 machine since 2010 has them.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  add_compile_options(-march=x86-64-v2 -mpclmul)
endif()

if(TRADELAKE_SANITIZE)
  add_compile_options(-fsanitize=${TRADELAKE_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${TRADELAKE_SANITIZE})
endif()
