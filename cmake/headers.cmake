# Every header, in the order of the layers: a header includes practicus headers above it, never below (but for the
# definitions of its own functions, in impl). These lists are
# what is installed, what is compiled alone, and what the structure test compares the tree with.
#
# `pure` marks a header that decides: it reaches no Asio or Beast header, directly or through others.

set(practicus_marked_headers
    practicus/detail/config.hpp pure
    practicus/error.hpp pure
    practicus/detail/fixed_error.hpp pure
    practicus/detail/wipe.hpp pure
    practicus/secret.hpp pure
    practicus/detail/ascii.hpp pure
    practicus/detail/utf8.hpp pure
    practicus/detail/clock.hpp pure
    practicus/detail/url_text.hpp pure
    practicus/url.hpp pure
    practicus/jwt.hpp pure
    practicus/token.hpp pure
    practicus/credentials.hpp pure
    practicus/observer.hpp pure
    practicus/detail/proxy.hpp pure
    practicus/detail/no_proxy.hpp pure
    practicus/proxy_options.hpp pure
    practicus/token_store.hpp
    practicus/detail/posix_file.hpp pure
    practicus/detail/sha256.hpp pure
    practicus/detail/ini_text.hpp pure
    practicus/detail/ini_file.hpp pure
    practicus/file_token_store.hpp
    practicus/options.hpp
    practicus/detail/own_fields.hpp pure
    practicus/call_options.hpp pure
    practicus/detail/handle.hpp pure
    practicus/detail/transcoder.hpp pure
    practicus/encoding.hpp pure
    practicus/lz4.hpp pure
    practicus/predict.hpp
    practicus/batch_mark.hpp pure
    practicus/batch.hpp
    practicus/detail/proxy_rules.hpp pure
    practicus/detail/rows.hpp pure
    practicus/catalog.hpp pure
    practicus/detail/redirect.hpp pure
    practicus/detail/message.hpp pure
    practicus/detail/json_value.hpp pure
    practicus/detail/json_shape.hpp pure
    practicus/detail/piece_reader.hpp pure
    practicus/detail/shape_handler.hpp pure
    practicus/detail/shape_reader.hpp pure
    practicus/detail/error_body.hpp pure
    practicus/detail/answer_decoding.hpp pure
    practicus/detail/wire.hpp pure
    practicus/detail/http_date.hpp pure
    practicus/detail/random.hpp pure
    practicus/detail/pool_node.hpp pure
    practicus/detail/pool_state.hpp pure
    practicus/detail/retry_policy.hpp pure
    practicus/detail/csv_scanner.hpp pure
    practicus/detail/csv_cutter.hpp pure
    practicus/detail/answer_check.hpp pure
    practicus/csv_file.hpp
    practicus/detail/batch_journal.hpp pure
    practicus/detail/batch_file.hpp pure
    practicus/batch_output.hpp
    practicus/detail/batch_window.hpp pure
    practicus/detail/batch_retry.hpp pure
    practicus/detail/batch_sending.hpp pure
    practicus/detail/batch_queue.hpp pure
    practicus/detail/operation.hpp pure
    practicus/detail/reserved_memory.hpp pure
    practicus/detail/tick_timer.hpp
    practicus/detail/waiter.hpp
    practicus/detail/wait.hpp
    practicus/detail/timing_wheel.hpp pure
    practicus/detail/sweeper.hpp
    practicus/detail/flight.hpp
    practicus/detail/runtime.hpp
    practicus/detail/child_group.hpp
    practicus/detail/run_operation.hpp
    practicus/detail/tls_context.hpp
    practicus/detail/tls_stream.hpp
    practicus/detail/stream.hpp
    practicus/detail/response_reader.hpp
    practicus/detail/exchange_state.hpp
    practicus/detail/connection.hpp
    practicus/detail/body_flow.hpp
    practicus/detail/shared_use.hpp pure
    practicus/detail/bounded_map.hpp pure
    practicus/detail/name_state.hpp pure
    practicus/detail/host_lookup.hpp
    practicus/detail/lookup_threads.hpp
    practicus/detail/name_cache.hpp
    practicus/detail/connect_race.hpp
    practicus/detail/tls_sessions.hpp
    practicus/detail/tunnel.hpp
    practicus/detail/dialler.hpp
    practicus/detail/pool.hpp
    practicus/detail/pool_set.hpp
    practicus/detail/transport.hpp
    practicus/detail/freshness.hpp pure
    practicus/detail/flight_state.hpp pure
    practicus/detail/keyed_flights.hpp pure
    practicus/detail/striped_cache.hpp pure
    practicus/detail/token_cache_state.hpp pure
    practicus/detail/user_identity.hpp pure
    practicus/detail/stored_value.hpp pure
    practicus/detail/region_store.hpp
    practicus/core_conf.hpp
    practicus/impl/core_conf.ipp
    practicus/detail/session_state.hpp pure
    practicus/detail/single_flight_cache.hpp
    practicus/detail/shared_store.hpp
    practicus/detail/token_cache.hpp
    practicus/detail/session.hpp
    practicus/detail/token_calls.hpp
    practicus/detail/calls.hpp
    practicus/detail/prediction_call.hpp
    practicus/detail/batch_results.hpp
    practicus/detail/batch_run.hpp
    practicus/client.hpp
    practicus/impl/client.ipp
    practicus.hpp
    practicus/src.hpp)

set(practicus_mock_marked_headers
    practicus/mock/gate.hpp pure
    practicus/mock/message.hpp pure
    practicus/mock/catalog.hpp pure
    practicus/mock/codec.hpp pure
    practicus/mock/token.hpp pure
    practicus/mock/detail/body.hpp pure
    practicus/mock/detail/replies.hpp pure
    practicus/mock/prediction.hpp pure
    practicus/mock/detail/region.hpp pure
    practicus/mock/detail/region_console.hpp pure
    practicus/mock/detail/region_service.hpp pure
    practicus/mock/detail/region_settings.hpp pure
    practicus/mock/console.hpp pure
    practicus/mock/compression.hpp pure
    practicus/mock/lz4.hpp pure
    practicus/mock/fault.hpp pure
    practicus/mock/expectation.hpp pure
    practicus/mock/certificate.hpp pure
    practicus/mock/options.hpp pure
    practicus/mock/detail/server_state.hpp
    practicus/mock/detail/answer.hpp
    practicus/mock/detail/wire_socket.hpp
    practicus/mock/detail/channel.hpp
    practicus/mock/detail/connection.hpp
    practicus/mock/detail/listener.hpp
    practicus/mock/server.hpp
    practicus/mock/impl/server.ipp
    practicus/mock/src.hpp)

# Sets `practicus_headers` and `practicus_mock_headers`, in order, and `practicus_pure_headers`.
set(practicus_pure_headers)
foreach(list IN ITEMS practicus_headers practicus_mock_headers)
    string(REPLACE "_headers" "_marked_headers" marked ${list})
    set(${list})
    foreach(word IN LISTS ${marked})
        if(word STREQUAL "pure")
            list(APPEND practicus_pure_headers ${header})
        else()
            set(header ${word})
            list(APPEND ${list} ${header})
        endif()
    endforeach()
endforeach()
