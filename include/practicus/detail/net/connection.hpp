// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/async/client_runtime.hpp>
#include <practicus/detail/async/phase.hpp>
#include <practicus/detail/net/exchange_state.hpp>
#include <practicus/detail/net/input_buffer.hpp>
#include <practicus/detail/net/response_reader.hpp>
#include <practicus/detail/net/stream.hpp>
#include <practicus/detail/net/tls_stream.hpp>
#include <practicus/detail/wire/message.hpp>
#include <practicus/error.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/socket_base.hpp>
#include <boost/asio/ssl/error.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// A stream with its buffers, for one exchange after another.
class connection final : public stream
{
public:
    using stream::stream;

    /// The request's head, and as much of its body as fits into one TLS record with it.
    wire_text out;

    /// Writes `out` and the rest of the body, and reads the answer. The arguments must live until the end.
    /// The connection can be used again if `reusable()`.
    ///
    /// An exchange in parts is called again until it has `finished()`, with more of the request if it
    /// `wants_more()`. A piece of the answer's body is appended to what the caller has left of earlier ones.
    asio::awaitable<failure> exchange(std::string_view rest, exchange_limits const& limits,
                                      time_point deadline, attempt& so_far, response& answer,
                                      exchange_part part = exchange_part::whole)
    {
        reusable_ = false;
        if (is_tls()) return drive(tls(), rest, limits, deadline, so_far, answer, part);
        return drive(plain(), rest, limits, deadline, so_far, answer, part);
    }

    /// Moves what has arrived of the body to the answer, after a call that failed behind the head.
    void hand_over(response& answer) { state_.hand_over(answer); }

    /// Returns true if the given part of the request is written and the server accepts more.
    bool wants_more() const noexcept { return state_.wants_more(); }

    /// Returns true if the last call reached the end of the answer.
    bool finished() const noexcept { return !under_way_; }

    /// Returns true if the last answer was complete, without stray bytes, and the server keeps the connection
    /// open.
    bool reusable() const noexcept { return reusable_; }

    /// Returns true if an exchange was begun and not finished.
    bool touched() const noexcept { return touched_; }

private:
    /// The least limit for the line of a chunk, if the limit for headers is lower.
    static constexpr std::size_t min_line = 16 * 1024;
    /// The number of reads without a speculative one after a slow answer.
    static constexpr unsigned read_backoff = 15;

    // Requests and answers hold tokens.
    struct wipe_on_exit
    {
        connection* self;

        ~wipe_on_exit()
        {
            if (!self->state_.is_writing()) self->out.wipe();
            // OpenSSL keeps enough for an idle connection.
            if (!self->under_way_) self->in_.end(self->is_tls());
        }
    };

    /// Executes the steps of the state until the caller gets an answer or a piece.
    template <class Socket>
    asio::awaitable<failure> drive(Socket& socket, std::string_view rest, exchange_limits const& limits,
                                   time_point deadline, attempt& so_far, response& answer, exchange_part part)
    {
        // Not before: a call that is cancelled before it begins leaves the connection as it is.
        touched_ = true;
        wipe_on_exit const at_end{this};
        begin_call(rest, limits, so_far, answer, part);
        for (auto step = state_.next(); step != exchange_step::give; step = state_.next()) {
            if (yields<Socket>(step, so_far.begun)) {
                auto others = asio::post(as_tuple_deferred);
                co_await std::move(others);
            }
            if (auto closed = arm(phase_limit(limits, deadline))) co_return closed;
            error_code code;
            std::size_t n = 0;
            if (step == exchange_step::wait) {
                if (auto why = watch_for_either()) co_return why;
                auto either = wait_for_either();
                std::tie(code) = co_await std::move(either);
            } else if (auto const wanted = try_step(socket, step, so_far, n, code)) {
                if constexpr (over_tls<Socket>) {
                    auto ready = wait(*wanted);
                    std::tie(code) = co_await std::move(ready);
                    if (!code) n = socket.read_some(room(), code);
                } else {
                    auto read = socket.async_read_some(room(), as_tuple_deferred);
                    std::tie(code, n) = co_await std::move(read);
                }
            }
            if (auto why = after(step, n, code, limits, deadline, so_far)) co_return why;
        }
        end_call(so_far, answer);
        reusable_ = state_.keeps_alive() && in_.empty() && !has_stray(socket);
        touched_ = !reusable_;
        co_return nullptr;
    }

    void begin_call(std::string_view rest, exchange_limits const& limits, attempt const& so_far,
                    response& answer, exchange_part part)
    {
        if (!std::exchange(under_way_, false)) {
            state_.begin(limits.header, limits.body, limits.secret, limits.all_fields, limits.to_head);
            in_.begin(limits.secret);
            first_byte_end_ = time_point::min();
        }
        state_.go_on(out.view(), rest, part, answer);
        reading_ = false;
        progress_ = true;
        if (so_far.timed) lap_ = runtime().time().precise_now();
    }

    void end_call(attempt& so_far, response& answer)
    {
        lap(so_far, so_far.begun ? &exchange_timings::body : &exchange_timings::write);
        state_.hand_over(answer);
        under_way_ = !state_.finished();
    }

    /// Adds the time since the last call to `to`.
    void lap(attempt& so_far, std::chrono::nanoseconds exchange_timings::*to) noexcept
    {
        if (!so_far.timed) return;
        auto const now = runtime().time().precise_now();
        so_far.timings.*to += now - std::exchange(lap_, now);
    }

    template <class Socket>
    static constexpr bool over_tls = std::is_same_v<Socket, tls_stream>;

    /// Returns true for every 16th record. A fast peer would otherwise starve the other operations of the
    /// thread.
    bool should_yield() noexcept { return ++records_ % 16 == 0; }

    /// Returns true if other operations have a turn before the step.
    template <class Socket>
    bool yields(exchange_step step, bool begun) noexcept
    {
        if (step == exchange_step::wait) return false;
        if (step != exchange_step::read) return over_tls<Socket> && should_yield();
        if (!std::exchange(reading_, true)) {
            // A read without a wait mostly finds nothing. After the turn of other operations, the response
            // may be there, unless the server takes longer.
            has_concurrent_operations_ = runtime().limits()->has_concurrent_operations();
            speculative_read_ = begun || (has_concurrent_operations_ && backoff_ == 0);
            if (has_concurrent_operations_ && backoff_ != 0) --backoff_;
        }
        return begun ? over_tls<Socket> && should_yield() : has_concurrent_operations_;
    }

    /// Does what the step can do without waiting. Returns what is to be waited for, before a read.
    template <class Socket>
    std::optional<asio::socket_base::wait_type> try_step(Socket& socket, exchange_step step, attempt& so_far,
                                                         std::size_t& n, error_code& code)
    {
        if (step == exchange_step::write) {
            // A failed write under TLS may have sent a part.
            so_far.written = so_far.written || over_tls<Socket>;
            n = write_at_once(socket, code);
            return std::nullopt;
        }
        in_.grow(state_.left());
        if (step == exchange_step::read && !may_have_bytes(socket, so_far.begun))
            return asio::socket_base::wait_read;
        n = socket.read_some(room(), code);
        if (step == exchange_step::look || code != asio::error::would_block) return std::nullopt;
        if (!so_far.begun) backoff_ = read_backoff;
        if constexpr (over_tls<Socket>) return socket.wanted();
        return asio::socket_base::wait_read;
    }

    /// Returns true if a speculative read comes before the wait.
    bool may_have_bytes(tls_stream& tls, bool) const noexcept
    {
        return speculative_read_ || tls.has_pending();
    }
    bool may_have_bytes(tcp::socket&, bool begun) const noexcept { return !begun && speculative_read_; }

    /// Returns the next step's time limit, which only progress extends.
    time_point phase_limit(exchange_limits const& limits, time_point deadline)
    {
        if (state_.at() == phase::first_byte) {
            if (first_byte_end_ == time_point::min())
                first_byte_end_ = phase_end(deadline, runtime().time().now(), limits.first_byte);
            return first_byte_end_;
        }
        if (std::exchange(progress_, false))
            progress_end_ = phase_end(deadline, runtime().time().now(), limits.between_bytes);
        return progress_end_;
    }

    // A socket mostly has room: a write without waiting saves a turn of the event loop.
    std::size_t write_at_once(tcp::socket& socket, error_code& code)
    {
        auto const first = asio::buffer(state_.first());
        if (state_.rest().empty()) return socket.write_some(first, code);
        return socket.write_some(std::array<asio::const_buffer, 2>{first, asio::buffer(state_.rest())}, code);
    }

    std::size_t write_at_once(tls_stream& tls, error_code& code)
    {
        return tls.write_some(asio::buffer(state_.first().empty() ? state_.rest() : state_.first()), code);
    }

    asio::mutable_buffer room() const noexcept { return {in_.room(), in_.room_size()}; }

    /// Returns why the step failed: an error, its time limit, `close()` or a cancellation. (g++ 12 does not
    /// inline this by itself; an exchange has three steps.)
    [[gnu::always_inline]] failure after(exchange_step step, std::size_t n, error_code const& code,
                                         exchange_limits const& limits, time_point deadline, attempt& so_far)
    {
        auto const ended = disarm();
        progress_ = progress_ || n != 0;
        if (step == exchange_step::write) return after_write(n, code, ended, deadline, so_far);
        if (step == exchange_step::wait) {
            if (auto why = why_failed(code, ended, phase::write, deadline)) return why;
            state_.ready();
            return nullptr;
        }
        auto why = after_read(step, n, code, ended, deadline, so_far);
        return why || n == 0 ? why : take(limits);
    }

    failure after_write(std::size_t n, error_code const& code, expiry ended, time_point deadline,
                        attempt& so_far)
    {
        so_far.written = so_far.written || n != 0;
        so_far.bytes_sent += n;
        bool const failed = code && ended == expiry::none;
        if (failed && code == asio::error::would_block) {
            state_.blocked();
            return nullptr;
        }
        // A server that refuses a body early closes, and has answered.
        if (failed && may_have_answered(code) && so_far.written) {
            state_.refused(code);
        } else {
            if (auto why = why_failed(code, ended, phase::write, deadline)) return why;
            state_.wrote(n);
        }
        if (!state_.is_writing()) lap(so_far, &exchange_timings::write);
        return nullptr;
    }

    failure after_read(exchange_step step, std::size_t n, error_code const& code, expiry ended,
                       time_point deadline, attempt& so_far)
    {
        speculative_read_ = true;
        if (ended == expiry::none && code) {
            if (code == asio::error::would_block) {
                if (step == exchange_step::look) state_.saw_nothing();
                return nullptr;
            }
            if (is_end(code) && state_.ended(code == asio::error::eof)) return nullptr;
            if (auto why = why_unanswered(code, so_far)) return why;
        }
        if (auto why = why_failed(code, ended, state_.at(), deadline)) return why;
        if (!std::exchange(so_far.begun, true))
            lap(so_far, state_.is_writing() ? &exchange_timings::write : &exchange_timings::first_byte);
        answered_ = true;
        so_far.bytes_received += n;
        in_.add(n, !state_.is_header_done());
        return nullptr;
    }

    /// Returns a better reason than `code` for the end of a connection, if there is one.
    failure why_unanswered(error_code const& code, attempt const& so_far)
    {
        if (is_end(code) && !so_far.begun && !is_tls() && !answered_)
            return make_failure(errc::connection_lost, code,
                                "it was closed without an answer, as by a server that expects https");
        // An alert says more than that the write failed.
        if (state_.refusal() && code.category() != asio::error::get_ssl_category())
            return make_failure(errc::connection_lost, state_.refusal());
        return nullptr;
    }

    // The socket itself is checked before the next use.
    static bool has_stray(tcp::socket&) noexcept { return false; }
    static bool has_stray(tls_stream& tls) noexcept { return tls.has_pending() && tls.has_stray(); }

    static bool may_have_answered(error_code const& code) noexcept
    {
        return code == asio::error::broken_pipe || code == asio::error::connection_reset;
    }

    // Some servers close a TLS connection without a close_notify.
    static bool is_end(error_code const& code) noexcept
    {
        return code == asio::error::eof || code == asio::ssl::error::stream_truncated;
    }

    failure take(exchange_limits const& limits)
    {
        error_code code;
        auto const used = state_.received(in_.view(), code);
        if (code) return not_understood(code);
        in_.remove(used);
        if (state_.finished() || in_.view().size() <= std::max(limits.header, min_line)) return nullptr;
        return make_failure(errc::malformed_response, "a line without an end");
    }

    failure not_understood(error_code const& code) const
    {
        if (code == errc::malformed_response)
            return make_failure(errc::malformed_response, "interim answers without an end");
        bool const begun = !state_.is_header_done();
        return make_failure(response_reader::to_errc(code), code,
                            begun ? response_reader::other_protocol(in_.view(), is_tls()) : "");
    }

    input_buffer in_;
    unsigned records_ = 0;
    /// The number of reads that are not tried at once.
    unsigned backoff_ = 0;
    exchange_state state_;
    time_point first_byte_end_{};
    time_point progress_end_{};
    time_point lap_{};
    bool under_way_ = false;
    bool reusable_ = false;
    bool touched_ = false;
    /// True once anything was received on this connection.
    bool answered_ = false;
    /// True once this call has begun to read. The next two were determined at that time.
    bool reading_ = false;
    bool has_concurrent_operations_ = false;
    bool speculative_read_ = true;
    /// Bytes were sent or received since the limit was set.
    bool progress_ = false;
};

}}} // namespace practicus::v1::detail
