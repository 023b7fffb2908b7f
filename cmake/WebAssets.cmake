# The web page as part of the program: src/api/assets.S takes the files in as they are.

set(WEB_DIR ${CMAKE_SOURCE_DIR}/web)
set(CHART_LIBRARY ${WEB_DIR}/node_modules/lightweight-charts/dist/lightweight-charts.standalone.production.mjs)
if(NOT EXISTS ${CHART_LIBRARY})
  message(FATAL_ERROR "the page's chart library is missing; scripts/bootstrap.sh installs it into web/node_modules")
endif()
enable_language(ASM)
file(GLOB WEB_FILES CONFIGURE_DEPENDS ${WEB_DIR}/*.html ${WEB_DIR}/*.css ${WEB_DIR}/*.js ${WEB_DIR}/*.svg ${WEB_DIR}/NOTICE)
set(WEB_ASSETS ${CMAKE_SOURCE_DIR}/src/api/assets.S)
target_sources(tl_api PRIVATE ${WEB_ASSETS})
set_source_files_properties(${WEB_ASSETS} PROPERTIES
  OBJECT_DEPENDS "${WEB_FILES};${CHART_LIBRARY}" COMPILE_OPTIONS "-Wa,-I${WEB_DIR}")
