// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/message.hpp>
#include <practicus/detail/operation.hpp>
#include <practicus/detail/pool_node.hpp>
#include <practicus/detail/response_reader.hpp>
#include <practicus/detail/runtime.hpp>
#include <practicus/detail/stream.hpp>
#include <practicus/detail/tls_stream.hpp>
#include <practicus/detail/wipe.hpp>
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
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace practicus::inline v1::detail {

/// Bounds of one exchange.
struct exchange_limits
{
    std::chrono::milliseconds first_byte;
    std::chrono::milliseconds between_bytes;
    std::size_t header;
    std::size_t body;
    /// The answer may hold a token.
    bool secret = true;
};

/// How far a call of `exchange` goes.
enum class exchange_part
{
    /// Up to the end of the answer.
    whole,
    /// Writes what there is of the request; more of it follows.
    request,
    /// Up to the head of the answer, or the next piece of its body.
    piece
};

/// What is known of an attempt while it runs, and after it has failed.
struct attempt
{
    /// Something of the request was handed to the system, or may have been.
    bool written = false;
    /// Something of an answer arrived.
    bool begun = false;
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
    /// Kept only if somebody wants to know.
    bool timed = false;
    exchange_timings timings;
};

/// A stream of a pool, with its buffers.
class connection final : public pool_connection, public stream
{
public:
    using stream::stream;

    /// The request's head, and its body as far as that goes along: what fits into one TLS record.
    wire_text out;

    static constexpr std::size_t together = 16 * 1024;

    /// Writes `out` and the rest of the body, and reads the answer. Afterwards the connection may be used
    /// again if `reusable()`. What it refers to lives until the end.
    ///
    /// In parts: called again until it has `finished()`. Of the answer, a body's piece is appended to what
    /// the caller has left of those before.
    asio::awaitable<void> exchange(std::string_view rest, exchange_limits const& limits, time_point deadline,
                                   attempt& so_far, response& answer,
                                   exchange_part part = exchange_part::whole)
    {
        reusable_ = false;
        if (is_tls()) return exchange(tls(), rest, limits, deadline, so_far, answer, part);
        return exchange(plain(), rest, limits, deadline, so_far, answer, part);
    }

    /// The server refused a part of the request: the rest needs not be written, an answer may be there.
    bool has_refused() const noexcept { return unwritten_.failed(); }

    /// The last call came to the end of the answer.
    bool finished() const noexcept { return !under_way_; }

    /// The last answer was complete, nothing is left over, and the server keeps the connection open.
    bool reusable() const noexcept { return reusable_; }

    /// An exchange was begun and not finished.
    bool touched() const noexcept { return touched_; }

private:
    static constexpr std::size_t small_buffer = 8 * 1024;
    static constexpr std::size_t large_buffer = 64 * 1024;
    /// A chunk's line may be as long as a header, or as this.
    static constexpr std::size_t min_line = 16 * 1024;
    /// After so many reads from a server that was slow.
    static constexpr unsigned look_again = 15;

    time_point timestamp(attempt const& so_far) const noexcept
    {
        return so_far.timed ? home().time().precise_now() : time_point();
    }

    // Requests and answers hold tokens.
    struct wiped_later
    {
        connection* self;
        std::size_t used = 0;

        ~wiped_later()
        {
            self->out.wipe();
            if (self->under_way_) return;
            self->wipe_input(used);
            // OpenSSL keeps enough for an idle connection.
            if (self->in_size_ > small_buffer || self->is_tls()) {
                self->in_.reset();
                self->in_size_ = 0;
            }
        }
    };

    template <class Socket>
    asio::awaitable<void> exchange(Socket& socket, std::string_view rest, exchange_limits const& limits,
                                   time_point deadline, attempt& so_far, response& answer, exchange_part part)
    {
        touched_ = true;
        wiped_later used{this, held_};
        if (!std::exchange(under_way_, false)) begin(limits);
        error_code code;
        auto const begun = timestamp(so_far);
        buffers left{asio::buffer(out.view()), asio::buffer(rest)};
        // After a refusal, OpenSSL would take other bytes than the refused ones for a misuse.
        while (!has_refused() && left[0].size() + left[1].size() != 0) {
            // A failed write under TLS may have sent a part.
            so_far.written = so_far.written || is_tls();
            arm(phase_end(deadline, home().time().now(), limits.between_bytes));
            if (over_tls<Socket> && is_others_turn()) {
                auto others = asio::post(without_frame);
                co_await std::move(others);
            }
            auto n = write_at_once(socket, left, code);
            if constexpr (over_tls<Socket>) {
                while (code == asio::error::would_block) {
                    auto ready = wait(socket.wanted());
                    std::tie(code) = co_await std::move(ready);
                    if (!code) n = write_at_once(socket, left, code);
                }
            } else if (code == asio::error::would_block) {
                auto write = socket.async_write_some(left, without_frame);
                std::tie(code, n) = co_await std::move(write);
            }
            auto const ended = disarm();
            so_far.written = so_far.written || n != 0;
            so_far.bytes_sent += n;
            // A server that refuses a body early closes, and has answered.
            if (ended == expiry::none && may_have_answered(code) && so_far.written) break;
            settle(code, ended, phase::write, deadline);
            auto const first = std::min(n, left[0].size());
            left[0] += first;
            left[1] += n - first;
        }
        if (code) unwritten_ = code;
        auto const written_at = timestamp(so_far);
        so_far.timings.write += written_at - begun;
        if (part == exchange_part::request) {
            under_way_ = true;
            co_return;
        }

        auto begun_at = written_at;
        // To read at once is mostly in vain. After the others' turn the answer may be there, unless the
        // server takes longer.
        bool const crowded = home().limits()->crowded();
        bool in_vain = !so_far.begun && (!crowded || slow_ != 0);
        if (crowded && slow_ != 0) --slow_;
        reader_->go_on(answer, part == exchange_part::whole);
        while (true) {
            if (so_far.begun ? over_tls<Socket> && is_others_turn() : crowded) {
                auto others = asio::post(without_frame);
                co_await std::move(others);
            }
            grow(held_);
            auto const at = so_far.begun ? phase::body : phase::first_byte;
            arm(phase_end(deadline, home().time().now(),
                          so_far.begun ? limits.between_bytes : limits.first_byte));
            auto const room = asio::buffer(in_.get() + held_, in_size_ - held_);
            std::size_t n = 0;
            code = asio::error::would_block;
            if constexpr (over_tls<Socket>) {
                bool const tried = !in_vain || socket.has_pending();
                if (tried) n = socket.read_some(room, code);
                if (tried && !so_far.begun && code == asio::error::would_block) slow_ = look_again;
                auto wanted = tried ? socket.wanted() : asio::socket_base::wait_read;
                while (code == asio::error::would_block) {
                    auto ready = wait(wanted);
                    std::tie(code) = co_await std::move(ready);
                    if (!code) n = socket.read_some(room, code);
                    wanted = socket.wanted();
                }
            } else {
                bool const tried = !so_far.begun && !in_vain;
                if (tried) n = socket.read_some(room, code);
                if (code == asio::error::would_block) {
                    if (tried) slow_ = look_again;
                    auto read = socket.async_read_some(room, without_frame);
                    std::tie(code, n) = co_await std::move(read);
                }
            }
            auto const ended = disarm();
            if (ended == expiry::none && code && has_refused())
                throw_with_cause(errc::connection_lost, unwritten_);
            if (ended == expiry::none && is_end(code)) {
                finish_at_end(*reader_, code);
                break;
            }
            settle(code, ended, at, deadline);
            if (!so_far.begun) {
                begun_at = timestamp(so_far);
                so_far.timings.first_byte = begun_at - written_at;
            }
            so_far.begun = true;
            in_vain = false;
            so_far.bytes_received += n;
            received_ += n;
            held_ += n;
            used.used = std::max(used.used, held_);
            if (!reader_->is_header_done()) head_ = std::max(head_, held_);
            if (take(reader_, held_, limits)) {
                reusable_ = !has_refused() && held_ == 0 && reader_->result().keep_alive;
                touched_ = !reusable_;
                break;
            }
            under_way_ = part == exchange_part::piece && reader_->is_header_done();
            if (under_way_) break;
        }
        so_far.timings.body += timestamp(so_far) - begun_at;
        reader_->hand_over(answer);
    }

    void begin(exchange_limits const& limits)
    {
        unwritten_.clear();
        reader_.emplace(limits.header, limits.body, limits.secret);
        secret_ = limits.secret;
        held_ = head_ = 0;
        // The next answer may well be as long as the last one.
        auto const expected = std::clamp(std::exchange(received_, 0), small_buffer, large_buffer);
        if (in_size_ < expected) resize(expected, 0);
    }

    using buffers = std::array<asio::const_buffer, 2>;

    template <class Socket>
    static constexpr bool over_tls = std::is_same_v<Socket, tls_stream>;

    /// Records are read and written without waiting as long as the peer keeps up: the other operations of
    /// the thread have their turn all the same.
    bool is_others_turn() noexcept { return ++records_ % 16 == 0; }

    // A socket mostly has room, and a write that need not wait spares a turn of the event loop.
    static std::size_t write_at_once(tcp::socket& socket, buffers const& left, error_code& code)
    {
        return left[1].size() == 0 ? socket.write_some(left[0], code) : socket.write_some(left, code);
    }

    static std::size_t write_at_once(tls_stream& tls, buffers const& left, error_code& code)
    {
        return tls.write_some(left[0].size() != 0 ? left[0] : left[1], code);
    }

    static bool may_have_answered(error_code const& code) noexcept
    {
        return code == asio::error::broken_pipe || code == asio::error::connection_reset;
    }

    // Some servers close a TLS connection without saying so first.
    static bool is_end(error_code const& code) noexcept
    {
        return code == asio::error::eof || code == asio::ssl::error::stream_truncated;
    }

    static void finish_at_end(response_reader& reader, error_code const& cause)
    {
        error_code code;
        // Under TLS, only the peer's word makes an end of a body that has no length.
        if (reader.got_some() && cause == asio::error::eof) reader.put_eof(code);
        if (reader.is_done() && !code) return;
        throw_with_cause(errc::connection_lost, cause);
    }

    /// Room for the next read; more of it for an answer that is known to be large, or fills it each time.
    void grow(std::size_t held)
    {
        auto size = filled_ || held == in_size_ ? 2 * in_size_ : in_size_;
        size = static_cast<std::size_t>(std::max<std::uint64_t>(size, reader_->left()));
        // A line may need more; it has a limit of its own.
        size = std::max(std::min(size, large_buffer), held == in_size_ ? 2 * in_size_ : in_size_);
        if (size != in_size_) resize(size, held);
        filled_ = false;
    }

    /// Without leaving a copy behind.
    void resize(std::size_t size, std::size_t held)
    {
        auto larger = std::make_unique_for_overwrite<char[]>(size);
        std::copy_n(in_.get(), held, larger.get());
        wipe_input(in_size_);
        in_.swap(larger);
        in_size_ = size;
    }

    /// The head may hold a secret in any case.
    void wipe_input(std::size_t used) noexcept
    {
        wipe(in_.get(), std::min({used, in_size_, secret_ ? in_size_ : head_}));
    }

    /// True when the answer is complete.
    bool take(std::optional<response_reader>& reader, std::size_t& held, exchange_limits const& limits)
    {
        filled_ = held == in_size_;
        while (true) {
            error_code code;
            auto const used = reader->feed({in_.get(), held}, code);
            if (code) throw_with_cause(response_reader::to_errc(code), code);
            if (used != held) std::copy_n(in_.get() + used, held - used, in_.get());
            held -= used;
            if (!reader->is_done()) {
                if (held > std::max(limits.header, min_line))
                    throw error(errc::malformed_response, "a line without an end");
                return false;
            }
            if (!reader->interim()) return true;
            reader.emplace(limits.header, limits.body, limits.secret);
        }
    }

    // Not a vector: that would fill it with zeros first.
    std::unique_ptr<char[]> in_;
    std::size_t in_size_ = 0;
    std::size_t held_ = 0;
    /// How far the buffer was filled while the head came.
    std::size_t head_ = 0;
    /// Of this answer, or the last.
    std::size_t received_ = 0;
    unsigned records_ = 0;
    /// For so many reads, nothing is expected to be there at once.
    unsigned slow_ = 0;
    std::optional<response_reader> reader_;
    error_code unwritten_;
    bool secret_ = true;
    bool under_way_ = false;
    bool filled_ = false;
    bool reusable_ = false;
    bool touched_ = false;
};

} // namespace practicus::inline v1::detail
