# Sets `practicus_headers` and `practicus_mock_headers`: what is installed, compiled alone and documented. Their layers
# stand in tests/structure/layers.py.
file(GLOB_RECURSE practicus_headers RELATIVE ${PROJECT_SOURCE_DIR}/include CONFIGURE_DEPENDS
    ${PROJECT_SOURCE_DIR}/include/*.hpp ${PROJECT_SOURCE_DIR}/include/*.ipp)
set(practicus_mock_headers ${practicus_headers})
list(FILTER practicus_mock_headers INCLUDE REGEX "^practicus/mock/")
list(FILTER practicus_headers EXCLUDE REGEX "^practicus/mock/")
