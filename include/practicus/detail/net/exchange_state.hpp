// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/async/phase.hpp>
#include <practicus/detail/net/response_reader.hpp>
#include <practicus/detail/wire/message.hpp>
#include <practicus/error.hpp>
#include <practicus/observer.hpp>

#include <boost/assert.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// Bounds of one exchange.
struct exchange_limits
{
    std::chrono::milliseconds first_byte;
    std::chrono::milliseconds between_bytes;
    std::size_t header;
    std::size_t body;
    /// The answer may hold a token.
    bool secret = true;
    bool all_fields = false;
    /// The request is a HEAD, and the answer has no body.
    bool to_head = false;
    /// The time for the body of an answer that is only an error.
    std::chrono::milliseconds error_body{0};
};

/// The progress of an attempt, also after it has failed.
struct attempt
{
    /// Some of the request may have been handed to the system.
    bool written = false;
    /// Some of an answer arrived.
    bool begun = false;
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
    /// `timings` are measured.
    bool timed = false;
    exchange_timings timings;
};

/// The extent of one call of `exchange`.
enum class exchange_part : std::uint8_t
{
    /// Up to the end of the response.
    whole,
    /// Writes the present part of the request; more follows. Returns earlier with a received part of the
    /// response.
    request,
    /// Up to the head of the response, or the next piece of its body.
    piece
};

/// The next step of the driver of an exchange.
enum class exchange_step : std::uint8_t
{
    /// Writes the rest of the request, without waiting.
    write,
    /// Reads available bytes without waiting: the response may precede the end of the request.
    look,
    /// Waits until the socket is readable or writable.
    wait,
    /// Waits for more of the response, and reads it.
    read,
    /// Returns to the caller: with the response, a piece of it, or to get more of the request.
    give
};

/// The state machine of one exchange; does no I/O. The response is watched for while the request is written:
///
/// - A final response of 300 or above ends the writing and is the result (RFC 9112 section 9.5).
/// - A success is read while the request is written, so that a server that responds before it has read
///   everything causes no deadlock. Its end is the end of the exchange, however much of the request is left.
/// - Interim responses (1xx) are skipped; too many are malformed.
///
/// A request that is written in one call is not followed by such a read: nothing can have been answered yet.
class exchange_state
{
public:
    using error_code = boost::system::error_code;

    static constexpr unsigned most_interims = 100;

    void begin(std::size_t header_limit, std::size_t body_limit, bool secret, bool all_fields = false,
               bool to_head = false)
    {
        header_limit_ = header_limit;
        body_limit_ = body_limit;
        secret_ = secret;
        all_fields_ = all_fields;
        to_head_ = to_head;
        restart();
        left_[0] = left_[1] = {};
        refusal_.clear();
        interims_ = 0;
        stopped_ = blocked_ = begun_ = finished_ = false;
        fresh_ = true;
    }

    /// Begins a call. `first` and `rest` are parts of the request, and must live until they are written or
    /// the exchange ends. They are ignored while earlier parts are unfinished. New bytes of the body follow
    /// those that the caller left in `answer`.
    void go_on(std::string_view first, std::string_view rest, exchange_part part, response& answer)
    {
        part_ = part;
        gives_ = false;
        looked_ = std::exchange(fresh_, false);
        if (!stopped_ && !is_writing()) {
            left_[0] = first;
            left_[1] = rest;
        }
        reader_->go_on(answer, part == exchange_part::whole);
    }

    exchange_step next() const noexcept
    {
        if (gives_) return exchange_step::give;
        bool const writing = is_writing();
        if (!writing && (stopped_ || part_ != exchange_part::request)) return exchange_step::read;
        if (!looked_) return exchange_step::look;
        if (!writing) return exchange_step::give;
        return blocked_ ? exchange_step::wait : exchange_step::write;
    }

    /// The parts to be written next.
    std::string_view first() const noexcept { return left_[0]; }
    std::string_view rest() const noexcept { return left_[1]; }

    /// Call after a write of `n` bytes.
    void wrote(std::size_t n) noexcept
    {
        auto const of_first = std::min(n, left_[0].size());
        left_[0].remove_prefix(of_first);
        left_[1].remove_prefix(n - of_first);
        looked_ = false;
    }

    /// Call after a write that would block.
    void blocked() noexcept { blocked_ = true; }

    /// Call after a wait.
    void ready() noexcept { looked_ = blocked_ = false; }

    /// Call after a read that would block.
    void saw_nothing() noexcept { looked_ = true; }

    /// Call after a failed write: the server accepts no more of the request, but may have responded.
    void refused(error_code const& why) noexcept
    {
        refusal_ = why;
        stop_writing();
    }

    /// Parses received bytes and returns the number used. Sets `errc::malformed_response` for too many
    /// interim responses.
    std::size_t received(std::string_view bytes, error_code& code)
    {
        auto used = reader_->feed(bytes, code);
        while (!code && reader_->is_done() && reader_->interim()) {
            if (++interims_ > most_interims) {
                code = errc::malformed_response;
                break;
            }
            restart();
            used += reader_->feed(bytes.substr(used), code);
        }
        begun_ = used != bytes.size() || reader_->got_some();
        if (!code && reader_->is_header_done()) answered();
        return used;
    }

    /// Handles the end of the stream. Returns true if it ends the response. A body without a length ends only
    /// by a clean end: under TLS, close_notify.
    bool ended(bool clean)
    {
        error_code code;
        if (reader_->got_some() && clean) reader_->put_eof(code);
        if (code || !reader_->is_done()) return false;
        answered();
        return true;
    }

    /// Moves the received part of the response to the caller.
    void hand_over(response& answer)
    {
        if (reader_->is_header_done()) reader_->hand_over(answer);
    }

    bool is_writing() const noexcept { return left_[0].size() + left_[1].size() != 0; }

    /// Returns true if all of the request so far is written and the server accepts more.
    bool wants_more() const noexcept { return !stopped_ && !is_writing(); }

    /// Returns true if the response is complete.
    bool finished() const noexcept { return finished_; }

    /// Returns true if response and request are complete and the server keeps the connection open.
    bool keeps_alive() { return finished_ && !stopped_ && reader_->result().keep_alive; }

    /// Returns why the server accepted no more of the request. Empty if it did, or has responded early.
    error_code const& refusal() const noexcept { return refusal_; }

    phase at() const noexcept
    {
        if (is_writing()) return phase::write;
        return begun_ ? phase::body : phase::first_byte;
    }

    bool is_header_done() const { return reader_->is_header_done(); }

    /// Returns the remaining size of the body, or 0 if unknown.
    std::uint64_t left() { return reader_->left(); }

private:
    void restart() { reader_.emplace(header_limit_, body_limit_, secret_, all_fields_, to_head_); }

    void stop_writing() noexcept
    {
        left_[0] = left_[1] = {};
        stopped_ = true;
    }

    /// Handles the head of the final response.
    void answered()
    {
        finished_ = reader_->is_done();
        gives_ = finished_ || part_ != exchange_part::whole;
        bool const early = is_writing() || part_ == exchange_part::request;
        if (early && (finished_ || reader_->result().status >= 300)) stop_writing();
    }

    std::size_t header_limit_ = 0;
    std::size_t body_limit_ = 0;
    std::optional<response_reader> reader_;
    std::string_view left_[2];
    error_code refusal_;
    unsigned interims_ = 0;
    exchange_part part_ = exchange_part::whole;
    bool secret_ = true;
    bool all_fields_ = false;
    bool to_head_ = false;
    bool gives_ = false;
    /// The rest of the request is not written.
    bool stopped_ = false;
    bool fresh_ = true;
    /// A read was tried since the last write or call.
    bool looked_ = true;
    bool blocked_ = false;
    /// A part of the final response was received.
    bool begun_ = false;
    bool finished_ = false;
};

}}} // namespace practicus::v1::detail
