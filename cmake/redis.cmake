# practicus::redis: practicus with libhiredis, for <practicus/redis_token_store.hpp>, where libhiredis is found. It is in no
# export set: the library's place depends on the machine. Included by practicus itself and, installed, by the package's
# configuration.

find_path(practicus_hiredis_include hiredis/hiredis.h)
find_library(practicus_hiredis hiredis)
mark_as_advanced(practicus_hiredis_include practicus_hiredis)
if(practicus_hiredis_include AND practicus_hiredis AND NOT TARGET practicus_redis)
    add_library(practicus_redis INTERFACE)
    add_library(practicus::redis ALIAS practicus_redis)
    target_include_directories(practicus_redis SYSTEM INTERFACE ${practicus_hiredis_include})
    target_link_libraries(practicus_redis INTERFACE practicus::practicus ${practicus_hiredis})
endif()
