// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/async/phase.hpp>
#include <practicus/detail/async/run_operation.hpp>
#include <practicus/detail/net/connection.hpp>
#include <practicus/detail/pool/answer_decoding.hpp>
#include <practicus/detail/pool/request_writer.hpp>
#include <practicus/detail/wire/answer_check.hpp>
#include <practicus/detail/wire/error_body.hpp>
#include <practicus/detail/wire/message.hpp>
#include <practicus/detail/wire/piece_reader.hpp>
#include <practicus/detail/wire/zlib_coder.hpp>
#include <practicus/encoding.hpp>
#include <practicus/error.hpp>
#include <practicus/observer.hpp>
#include <practicus/predict.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// Encodes, decodes and streams the bodies of one request and its response. Used for one operation, and
/// outlived by what it refers to.
class body_pipeline
{
public:
    /// `source` may be null. The settings must outlive the pipeline.
    body_pipeline(body_source const* source, predict_settings const& how)
        : source_(source), sink_(how.sink ? &how.sink : nullptr),
          encoding_(how.encoding ? &*how.encoding : nullptr), how_(&how), limit_(how.limit())
    {}

    /// Only the body of a successful response goes to `reader`, decoded.
    body_pipeline(piece_reader& reader, std::size_t limit)
        : reader_(&reader), encoding_(&console_encoding()), limit_(limit)
    {}

    /// Only the head of a successful response is needed. A short body is read so that the connection can be
    /// reused. The rest of a longer one is left, and the connection is not reused.
    explicit body_pipeline(std::size_t limit)
        : encoding_(&console_encoding()), limit_(limit), head_only_(true)
    {}

    /// Returns true once the source was called or the sink received data. After that the request cannot be
    /// resent.
    bool begun() const noexcept { return begun_; }

    /// Returns true if the source or the sink has thrown: the error is the caller's own.
    bool broken() const noexcept { return broken_; }

    /// Timings of the last attempt.
    exchange_timings timings;

    /// If set, called for each response that reports an overloaded server.
    std::function<void()> on_overload;

    /// Does one `connection::exchange`. The response's body is decoded, goes to the sink, or goes to the
    /// reader. The source is called while the server accepts more.
    asio::awaitable<failure> exchange(connection& c, std::string_view rest, exchange_limits limits,
                                      time_point deadline, attempt& now, response& answer)
    {
        auto part = begin(limits);
        std::string piece, whole;
        end_ = deadline;
        while (true) {
            auto exchanging = c.exchange(rest, limits, end_, now, answer, part);
            auto why = co_await std::move(exchanging);
            if (leaves_rest(why, c, limits, deadline, answer)) break;
            if (why) co_return why;
            rest = {};
            bool const last = c.finished();
            if (leaves_out(answer)) co_return nullptr;
            why = take(answer, last, whole, part);
            if (!why && is_quoted(answer, whole)) break;
            if (!why && goes_to_sink()) {
                auto giving = give_away(answer.body, last);
                why = co_await std::move(giving);
            }
            if (why) co_return why;
            if (last) break;
            if (part != exchange_part::request || !c.wants_more()) continue;
            auto feeding = feed(c, piece, rest, part);
            if (auto broken = co_await std::move(feeding)) co_return broken;
        }
        if (!decoder_) co_return nullptr;
        answer.body = std::move(whole);
        // The encoding marks the end of the body.
        answer.delimited = true;
        co_return nullptr;
    }

    /// Returns true for a successful response of an accepted content type.
    bool is_wanted(response const& answer) const noexcept
    {
        return is_success(answer.status) &&
               (how_ == nullptr || how_->any_type ||
                fits_type(how_->response_type, how_->content_type, answer.content_type));
    }

private:
    static constexpr std::size_t piece_size = 64 * 1024;
    /// The most that is read of a response of another type than the wanted one.
    static constexpr std::size_t quoted_size = 16 * 1024;

    /// Returns what the first call of `connection::exchange` is to do.
    exchange_part begin(exchange_limits& limits)
    {
        if (is_measured_later() && !head_only_) limits.body = std::numeric_limits<std::size_t>::max();
        decoder_.reset();
        wanted_.reset();
        if (reader_ != nullptr) {
            reader_->restart();
            read_ = unread_ = false;
        }
        decoded_ = 0;
        encoder_ = source_ != nullptr && encoding_ != nullptr ? encoding_->encoder() : nullptr;
        unended_ = false;
        if (how_ != nullptr) left_ = how_->source_size;
        chunked_ = how_ != nullptr && !how_->source_length();
        source_ended_ = !chunked_ && left_ == 0;
        return source_ != nullptr && !source_ended_ ? exchange_part::request : exchange_part::piece;
    }

    /// Sets the next piece of the request's body, and its framed form. With the last one, the rest of the
    /// exchange is due.
    asio::awaitable<failure> feed(connection& c, std::string& piece, std::string_view& rest,
                                  exchange_part& part)
    {
        if (unended_) {
            end_chunk(c.out);
        } else {
            auto asking = ask();
            auto asked = co_await std::move(asking);
            if (!asked) co_return asked.error();
            piece = std::move(*asked);
            rest = frame(c.out, piece);
        }
        if (source_ended_ && !unended_) part = exchange_part::piece;
        co_return nullptr;
    }

    /// Returns true if the limit does not apply to the received bytes. It applies to the decoded ones
    /// instead, and to none with a sink.
    bool is_measured_later() const noexcept
    {
        return reader_ == nullptr && (encoding_ != nullptr || sink_ != nullptr);
    }

    bool goes_to_sink() const noexcept { return sink_ != nullptr && wanted_.value_or(false); }

    /// Chooses the decoder. Processes a piece of a response that does not go to the sink.
    failure take(response& answer, bool last, std::string& whole, exchange_part& part)
    {
        if (!decoder_ && !answer.body.empty())
            if (auto why = choose_decoder(decoder_, answer, encoding_)) return why;
        if (goes_to_sink()) return nullptr;
        if (is_refused(answer)) return keep_beginning(answer, last, whole);
        if (reader_ != nullptr && is_success(answer.status)) return read(answer, last, whole);
        if (decoder_) return decode_piece(decoder_, answer, last, whole, limit_);
        if (answer.body.size() > limit_) return make_failure(errc::body_too_large);
        bool const in_one = !is_measured_later() && wanted_.value_or(true);
        if (in_one && part == exchange_part::piece) part = exchange_part::whole;
        return nullptr;
    }

    /// Decides whether the answer is wanted, once its head is there: the time of a body that is only an error
    /// is limited. Returns true if that time, or that of the operation, is over.
    bool leaves_rest(failure const& why, connection& c, exchange_limits const& limits, time_point deadline,
                     response& answer)
    {
        if (!why) {
            if (wanted_ || answer.status == 0) return false;
            wanted_ = is_wanted(answer);
            if (!*wanted_) end_ = phase_end(deadline, c.runtime().time().now(), limits.error_body);
            return false;
        }
        if (wanted_.value_or(true) || why->code != errc::deadline_exceeded) return false;
        c.hand_over(answer);
        return true;
    }

    /// Returns true for a successful response of another content type than the wanted one. The error quotes
    /// its beginning.
    bool is_refused(response const& answer) const noexcept
    {
        return is_success(answer.status) && !wanted_.value_or(true);
    }

    /// Returns true if the response is refused, and enough of it is there. The rest is left.
    bool is_quoted(response const& answer, std::string_view whole) const noexcept
    {
        return (decoder_ ? whole : answer.body).size() >= quoted_size && is_refused(answer);
    }

    /// Decodes the beginning of a response that is refused.
    failure keep_beginning(response& answer, bool last, std::string& whole)
    {
        if (!decoder_) return nullptr;
        std::string_view rest = answer.body;
        for (bool more = true; more && whole.size() < quoted_size;) {
            std::string piece;
            if (auto why = decode_some(rest, last, piece, more)) return why;
            whole += piece;
        }
        answer.clear_body();
        return nullptr;
    }

    /// Returns true if only the head is needed and the rest of the body is too long to be read.
    bool leaves_out(response& answer)
    {
        if (!head_only_ || !is_success(answer.status)) return false;
        decoded_ += answer.body.size();
        answer.body.clear();
        return decoded_ > piece_size;
    }

    /// Returns the next piece of the request's body, encoded. A source that has given its size is not called.
    asio::awaitable<result<std::string>> ask()
    {
        std::string piece;
        if (left_ != 0) {
            begun_ = true;
            auto calling = call_back(*source_);
            auto given = co_await std::move(calling);
            broken_ = !given;
            if (broken_) co_return given.error();
            piece = std::move(*given);
        }
        if (auto why = count(piece.size())) co_return why;
        if (!encoder_) co_return std::move(piece);
        std::string encoded;
        auto const all = std::numeric_limits<std::size_t>::max();
        if (auto why = transcode(*encoder_, piece, source_ended_, encoded, all)) co_return why;
        co_return std::move(encoded);
    }

    /// Compares a source with its size. An empty piece is its end, and so is the last byte of its size.
    failure count(std::size_t size)
    {
        source_ended_ = size == 0;
        if (!left_) return nullptr;
        broken_ = source_ended_ ? *left_ != 0 : size > *left_;
        if (broken_) return make_failure(errc::invalid_argument, "the body's source gives not its size");
        *left_ -= size;
        source_ended_ = left_ == 0;
        return nullptr;
    }

    /// Writes the piece, as a chunk unless the body has a length. Returns a large piece uncopied, to be sent
    /// from its own memory: a connection keeps the capacity of `out`.
    std::string_view frame(wire_text& out, std::string_view piece)
    {
        if (chunked_ && !piece.empty()) append_chunk_size(out, piece.size());
        if (piece.size() > request_writer::coalesce_limit / 2) {
            unended_ = chunked_;
            return piece;
        }
        out.append(piece);
        if (!chunked_) return {};
        if (!piece.empty()) out.append("\r\n");
        if (source_ended_) out.append("0\r\n\r\n");
        return {};
    }

    /// Appends the end of a chunk whose data was sent outside `out`.
    void end_chunk(wire_text& out)
    {
        out.append(source_ended_ ? "\r\n0\r\n\r\n" : "\r\n");
        unended_ = false;
    }

    // Chunked coding, RFC 9112 section 7.1.
    static void append_chunk_size(wire_text& out, std::size_t size)
    {
        char text[24];
        auto const digits = std::snprintf(text, sizeof text, "%zx\r\n", size);
        out.append({text, static_cast<std::size_t>(digits)});
    }

    /// Passes the body to the reader. A body whose first piece the reader rejects goes to `kept`, for the
    /// error message.
    failure read(response& answer, bool last, std::string& kept)
    {
        if (!decoder_) {
            read_piece(answer);
            return nullptr;
        }
        auto const encoded = std::exchange(answer.body, {});
        std::string_view rest = encoded;
        for (bool more = !unread_; more && !unread_;) {
            if (auto why = decode_some(rest, last, answer.body, more)) return why;
            decoded_ += answer.body.size();
            if (decoded_ > limit_) return make_failure(errc::body_too_large);
            read_piece(answer);
        }
        if (kept.empty()) kept.swap(answer.body);
        return nullptr;
    }

    void read_piece(response& answer)
    {
        if (answer.body.empty() || unread_) return;
        bool const useful = reader_->take(answer.body);
        unread_ = !useful && !read_;
        read_ = true;
        if (!unread_) answer.clear_body();
    }

    /// Decodes a part of `rest`, which is removed, into `piece`. Sets `more` if another call would yield more
    /// now.
    failure decode_some(std::string_view& rest, bool last, std::string& piece, bool& more)
    {
        bool ended = false;
        auto why = decoder_->step(rest, last, piece, piece_size, ended);
        more = !ended && (!rest.empty() || piece.size() == piece_size);
        return why;
    }

    asio::awaitable<failure> give_away(std::string& body, bool last)
    {
        std::string_view rest = body;
        bool more = !body.empty() || (last && decoder_);
        while (more) {
            std::string piece;
            if (decoder_) {
                if (auto why = decode_some(rest, last, piece, more)) co_return why;
            } else {
                piece = std::move(body);
                more = false;
            }
            if (piece.empty()) continue;
            begun_ = true;
            auto calling = call_back(*sink_, std::move(piece));
            auto const given = co_await std::move(calling);
            broken_ = !given;
            if (broken_) co_return given.error();
        }
        body.clear();
        co_return nullptr;
    }

    body_source const* source_ = nullptr;
    body_sink const* sink_ = nullptr;
    piece_reader* reader_ = nullptr;
    content_encoding const* encoding_ = nullptr;
    predict_settings const* how_ = nullptr;
    std::size_t limit_ = std::numeric_limits<std::size_t>::max();
    time_point end_ = time_point::max();
    // Empty before the answer's head.
    std::optional<bool> wanted_;
    std::unique_ptr<content_coder> decoder_;
    std::unique_ptr<content_coder> encoder_;
    bool begun_ = false;
    bool broken_ = false;
    // The source has ended; a chunk was written without its end.
    bool source_ended_ = false;
    bool unended_ = false;
    // The reader received a piece; the reader rejected the first piece.
    bool read_ = false;
    bool unread_ = false;
    std::size_t decoded_ = 0;
    // The bytes left in the source, if its size is known.
    std::optional<std::uint64_t> left_;
    bool chunked_ = false;
    bool head_only_ = false;
};

}}} // namespace practicus::v1::detail
