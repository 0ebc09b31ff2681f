# Every header, in the order of the layers: a header includes practicus headers above it, never below (but for the
# definitions of its own functions, in impl). These lists are
# what is installed, what is compiled alone, and what the structure test compares the tree with.
#
# `pure` marks a header that decides: it reaches no Asio or Beast header, directly or through others.

set(practicus_marked_headers
    practicus/detail/base/config.hpp pure
    practicus/error.hpp pure
    practicus/detail/base/fixed_error.hpp pure
    practicus/detail/base/wipe.hpp pure
    practicus/secret.hpp pure
    practicus/detail/base/ascii.hpp pure
    practicus/detail/base/utf8.hpp pure
    practicus/detail/base/clock.hpp pure
    practicus/detail/base/url_text.hpp pure
    practicus/url.hpp pure
    practicus/jwt.hpp pure
    practicus/token.hpp pure
    practicus/credentials.hpp pure
    practicus/observer.hpp pure
    practicus/detail/wire/proxy.hpp pure
    practicus/detail/wire/no_proxy.hpp pure
    practicus/proxy_options.hpp pure
    practicus/token_store.hpp
    practicus/detail/base/posix_file.hpp pure
    practicus/detail/base/sha256.hpp pure
    practicus/detail/base/ini_text.hpp pure
    practicus/detail/base/ini_file.hpp pure
    practicus/file_token_store.hpp
    practicus/options.hpp
    practicus/detail/wire/own_fields.hpp pure
    practicus/call_options.hpp pure
    practicus/detail/client/handle.hpp pure
    practicus/detail/wire/transcoder.hpp pure
    practicus/encoding.hpp pure
    practicus/lz4.hpp pure
    practicus/predict.hpp
    practicus/batch_mark.hpp pure
    practicus/batch.hpp
    practicus/detail/net/proxy_rules.hpp pure
    practicus/detail/base/rows.hpp pure
    practicus/catalog.hpp pure
    practicus/detail/wire/redirect.hpp pure
    practicus/detail/wire/message.hpp pure
    practicus/detail/wire/json_value.hpp pure
    practicus/detail/wire/json_shape.hpp pure
    practicus/detail/wire/piece_reader.hpp pure
    practicus/detail/wire/shape_handler.hpp pure
    practicus/detail/wire/shape_reader.hpp pure
    practicus/detail/wire/error_body.hpp pure
    practicus/detail/pool/answer_decoding.hpp pure
    practicus/detail/wire/wire.hpp pure
    practicus/detail/wire/http_date.hpp pure
    practicus/detail/base/random.hpp pure
    practicus/detail/pool/pool_node.hpp pure
    practicus/detail/pool/pool_state.hpp pure
    practicus/detail/pool/retry_policy.hpp pure
    practicus/detail/base/csv_scanner.hpp pure
    practicus/detail/batch/csv_cutter.hpp pure
    practicus/detail/wire/answer_check.hpp pure
    practicus/csv_file.hpp
    practicus/detail/batch/batch_journal.hpp pure
    practicus/detail/batch/batch_file.hpp pure
    practicus/batch_output.hpp
    practicus/detail/batch/batch_window.hpp pure
    practicus/detail/batch/batch_retry.hpp pure
    practicus/detail/batch/batch_sending.hpp pure
    practicus/detail/batch/batch_queue.hpp pure
    practicus/detail/pool/operation.hpp pure
    practicus/detail/async/reserved_memory.hpp pure
    practicus/detail/async/tick_timer.hpp
    practicus/detail/async/waiter.hpp
    practicus/detail/async/wait.hpp
    practicus/detail/async/timing_wheel.hpp pure
    practicus/detail/async/sweeper.hpp
    practicus/detail/async/flight.hpp
    practicus/detail/async/runtime.hpp
    practicus/detail/async/child_group.hpp
    practicus/detail/async/run_operation.hpp
    practicus/detail/net/tls_context.hpp
    practicus/detail/net/tls_stream.hpp
    practicus/detail/net/stream.hpp
    practicus/detail/net/response_reader.hpp
    practicus/detail/net/exchange_state.hpp
    practicus/detail/net/connection.hpp
    practicus/detail/pool/body_flow.hpp
    practicus/detail/base/shared_use.hpp pure
    practicus/detail/base/bounded_map.hpp pure
    practicus/detail/net/name_state.hpp pure
    practicus/detail/net/host_lookup.hpp
    practicus/detail/net/lookup_threads.hpp
    practicus/detail/net/name_cache.hpp
    practicus/detail/net/connect_race.hpp
    practicus/detail/net/tls_sessions.hpp
    practicus/detail/net/tunnel.hpp
    practicus/detail/net/dialler.hpp
    practicus/detail/pool/pool.hpp
    practicus/detail/pool/pool_set.hpp
    practicus/detail/pool/transport.hpp
    practicus/detail/tokens/freshness.hpp pure
    practicus/detail/tokens/flight_state.hpp pure
    practicus/detail/tokens/keyed_flights.hpp pure
    practicus/detail/tokens/striped_cache.hpp pure
    practicus/detail/tokens/token_cache_state.hpp pure
    practicus/detail/tokens/user_identity.hpp pure
    practicus/detail/tokens/stored_value.hpp pure
    practicus/detail/tokens/region_store.hpp
    practicus/core_conf.hpp
    practicus/impl/core_conf.ipp
    practicus/detail/tokens/session_state.hpp pure
    practicus/detail/tokens/single_flight_cache.hpp
    practicus/detail/tokens/shared_store.hpp
    practicus/detail/tokens/token_cache.hpp
    practicus/detail/tokens/session.hpp
    practicus/detail/tokens/token_calls.hpp
    practicus/detail/client/calls.hpp
    practicus/detail/client/prediction_call.hpp
    practicus/detail/batch/batch_results.hpp
    practicus/detail/batch/batch_run.hpp
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
