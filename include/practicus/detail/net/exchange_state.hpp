// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/async/phase.hpp>
#include <practicus/detail/net/response_reader.hpp>
#include <practicus/detail/wire/message.hpp>
#include <practicus/error.hpp>

#include <boost/assert.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// How far a call of `exchange` goes.
enum class exchange_part : std::uint8_t
{
    /// Up to the end of the answer.
    whole,
    /// Writes what there is of the request; more of it follows. Returns earlier with what came of an answer.
    request,
    /// Up to the head of the answer, or the next piece of its body.
    piece
};

/// What the driver of an exchange does next.
enum class exchange_step : std::uint8_t
{
    /// Writes what is left of the request, without waiting.
    write,
    /// Reads what is there, without waiting: the answer may come before the request is written.
    look,
    /// Waits until the socket can be read or written.
    wait,
    /// Waits for more of the answer, and reads it.
    read,
    /// Returns to the caller, with the answer or a piece of it, or for more of the request.
    give
};

/// Decides how one exchange goes on. It does no I/O. While the request is written, the answer is watched for:
///
/// - A final answer of 300 or above ends the writing, and is the result (RFC 9112 section 9.5).
/// - A success is read as the request is written, so that a server that answers while it reads is no
///   deadlock. Its end is the end of the exchange, whatever of the request is left.
/// - Interim answers (1xx) change nothing; too many are malformed.
///
/// A request that is written at once is not looked behind: nothing can have been answered.
class exchange_state
{
public:
    using error_code = boost::system::error_code;

    static constexpr unsigned most_interims = 100;

    void begin(std::size_t header_limit, std::size_t body_limit, bool secret)
    {
        header_limit_ = header_limit;
        body_limit_ = body_limit;
        secret_ = secret;
        restart();
        left_[0] = left_[1] = {};
        refusal_.clear();
        interims_ = 0;
        stopped_ = blocked_ = begun_ = finished_ = false;
        fresh_ = true;
    }

    /// Begins a call. `first` and `rest` are what there is of the request; they live until they are written
    /// or the exchange ends. While something of the last ones is left, that goes on instead. The answer's
    /// body goes on behind what the caller has left of it.
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

    /// What is to be written next.
    std::string_view first() const noexcept { return left_[0]; }
    std::string_view rest() const noexcept { return left_[1]; }

    /// After a write that took `n` bytes.
    void wrote(std::size_t n) noexcept
    {
        auto const of_first = std::min(n, left_[0].size());
        left_[0].remove_prefix(of_first);
        left_[1].remove_prefix(n - of_first);
        looked_ = false;
    }

    /// A write found no room.
    void blocked() noexcept { blocked_ = true; }

    /// A wait has ended.
    void ready() noexcept { looked_ = blocked_ = false; }

    /// A look found nothing.
    void saw_nothing() noexcept { looked_ = true; }

    /// The server takes no more of the request, by a failed write; an answer may be there.
    void refused(error_code const& why) noexcept
    {
        refusal_ = why;
        stop_writing();
    }

    /// Takes what came; returns how much was used. `errc::malformed_response` for interim answers without an
    /// end.
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

    /// The server will send no more. True if that ends the answer; under TLS, only the peer's word (`clean`)
    /// ends a body that has no length.
    bool ended(bool clean)
    {
        error_code code;
        if (reader_->got_some() && clean) reader_->put_eof(code);
        if (code || !reader_->is_done()) return false;
        answered();
        return true;
    }

    /// What came of the answer becomes the caller's.
    void hand_over(response& answer)
    {
        if (reader_->is_header_done()) reader_->hand_over(answer);
    }

    bool is_writing() const noexcept { return left_[0].size() + left_[1].size() != 0; }

    /// All that there was of the request is written, and the server has not refused the rest.
    bool wants_more() const noexcept { return !stopped_ && !is_writing(); }

    /// The answer is complete.
    bool finished() const noexcept { return finished_; }

    /// The answer is complete, after the whole request, and the server keeps the connection open.
    bool keeps_alive() { return finished_ && !stopped_ && reader_->result().keep_alive; }

    /// Why the server took no more of the request; empty if it did, or has answered early.
    error_code const& refusal() const noexcept { return refusal_; }

    phase at() const noexcept
    {
        if (is_writing()) return phase::write;
        return begun_ ? phase::body : phase::first_byte;
    }

    bool is_header_done() const { return reader_->is_header_done(); }

    /// How much of the body is yet to come, if the head has told; else 0.
    std::uint64_t left() { return reader_->left(); }

private:
    void restart() { reader_.emplace(header_limit_, body_limit_, secret_); }

    void stop_writing() noexcept
    {
        left_[0] = left_[1] = {};
        stopped_ = true;
    }

    /// The head of the final answer is there.
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
    bool gives_ = false;
    /// Nothing more of the request is written, although there is some.
    bool stopped_ = false;
    bool fresh_ = true;
    /// Since the last write, or since the caller had its turn.
    bool looked_ = true;
    bool blocked_ = false;
    /// Something of the final answer came.
    bool begun_ = false;
    bool finished_ = false;
};

}}} // namespace practicus::v1::detail
