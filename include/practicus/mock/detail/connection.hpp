// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/mock/detail/answer.hpp>
#include <practicus/mock/detail/channel.hpp>
#include <practicus/mock/detail/server_state.hpp>
#include <practicus/mock/detail/wire_socket.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 { namespace mock { namespace detail {

/// One accepted connection. All of it runs on the socket's executor, a strand; its coroutine owns it.
class connection : public stoppable, public std::enable_shared_from_this<connection>
{
public:
    template <class T = void>
    using awaitable = boost::asio::awaitable<T>;

    connection(boost::asio::ip::tcp::socket socket, std::shared_ptr<server_state> state)
        : state_(std::move(state)), id_(++state_->accepted), channel_(std::move(socket)),
          pause_(wire().get_executor()), idle_(wire().get_executor())
    {
        ++state_->open;
        wire().count_stalls(state_->stalls);
    }

    ~connection() override { state_->end(this, id_, wire().written()); }

    static awaitable<> run(std::shared_ptr<connection> self)
    {
        self->state_->enlist(self.get(), self);
        try {
            co_await self->start();
        } catch (boost::system::system_error const&) {
            // The peer disconnected, the server was stopped, or a fault has ended the connection.
        }
        self->finish();
    }

    bool is_connection() const noexcept override { return true; }

    void stop() override
    {
        boost::asio::post(wire().get_executor(), [self = shared_from_this()] {
            self->stopping_ = true;
            self->finish();
        });
    }

private:
    using parser_type = boost::beast::http::request_parser<boost::beast::http::string_body>;

    wire_socket& wire() noexcept { return channel_.wire(); }

    void finish()
    {
        pause_.cancel();
        idle_.cancel();
        if (wire().socket().is_open()) wire().close(false);
    }

    awaitable<> start()
    {
        auto plan = state_->faults->take_connection();
        if (plan) {
            if (plan->limit.then != ending::none) wire().limit(plan->limit.then, plan->limit.bytes);
            co_await wait(plan->delay, plan->held);
            if (wire().ended() && !wire().stalled())
                co_return wire().close(plan->limit.then == ending::reset);
            if (plan->raw) co_return co_await channel_.write(*plan->raw);
        }
        if (state_->tls) co_await handshake();
        while (co_await exchange()) {
        }
        if (reset_) co_return wire().close(true);
        co_await channel_.farewell(linger_);
    }

    awaitable<> handshake()
    {
        try {
            co_await channel_.handshake(*state_->tls);
        } catch (boost::system::system_error const&) {
            ++state_->failed_handshakes;
            throw;
        }
        ++state_->handshakes;
        if (channel_.resumed()) ++state_->resumed;
        state_->note_server_name(channel_.server_name());
    }

    /// Reads one request and answers it; false when the connection is to end.
    awaitable<bool> exchange()
    {
        parser_type parser;
        parser.header_limit(state_->options.head_limit);
        parser.body_limit(state_->options.body_limit);
        boost::system::error_code ec;
        watch_idle();
        while (!ec && !parser.is_header_done())
            ec = co_await feed(parser);
        idle_since_ = 0;
        idle_.cancel();
        if (ec) co_return co_await refuse(ec);
        auto sent = head_of(parser);
        auto const plan = state_->faults->take(sent);
        linger_ = plan.early;
        reset_ = plan.reset;
        if (!plan.early) {
            co_await invite(parser);
            while (!ec && !parser.is_done())
                ec = co_await feed(parser);
            if (ec) co_return co_await refuse(ec);
            sent.body = std::move(parser.get().body());
        }
        state_->note(sent);
        bool keep_alive = parser.get().keep_alive() && !plan.early;
        co_return co_await answer(sent, plan, keep_alive);
    }

    awaitable<bool> answer(request const& sent, answer_plan const& plan, bool keep_alive)
    {
        if (plan.reply || plan.raw) state_->console.record(sent, !plan.early);
        auto reply = plan.reply ? *plan.reply : plan.raw ? response() : state_->console.handle(sent);
        answer_bytes bytes;
        if (plan.raw)
            bytes.head = *plan.raw;
        else
            bytes = encode(reply, plan, sent.method == "HEAD", keep_alive);
        auto const delay = plan.delay + reply.delay;
        // The pieces of a long stream are copies.
        reply = response();
        co_await wait(delay, plan.held);
        if (plan.limit.then != ending::none && plan.limit.counted == byte_limit::from::answer)
            wire().limit(plan.limit.then, plan.limit.bytes);
        if (plan.limit.then != ending::none && plan.limit.counted == byte_limit::from::body) {
            co_await write(bytes.head, plan);
            bytes.head.clear();
            wire().limit(plan.limit.then, plan.limit.bytes);
        }
        co_await write(bytes, plan);
        co_return wire().stalled() || (keep_alive && !plan.close && !plan.raw && !plan.until_close);
    }

    awaitable<> write(answer_bytes& bytes, answer_plan const& plan)
    {
        if (bytes.filler == 0 && bytes.gates.empty() && bytes.pauses.empty() && bytes.body.size() <= 1) {
            if (!bytes.body.empty()) bytes.head += bytes.body.front();
            co_return co_await write(bytes.head, plan);
        }
        co_await write(bytes.head, plan);
        std::string const block(static_cast<std::size_t>(std::min<std::uint64_t>(bytes.filler, 65536)), ' ');
        while (bytes.filler != 0) {
            auto part = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.filler, block.size()));
            co_await write(std::string_view(block).substr(0, part), plan);
            bytes.filler -= part;
        }
        for (std::size_t i = 0; i != bytes.body.size(); ++i) {
            if (i < bytes.pauses.size() && bytes.pauses[i].count() > 0) co_await wait_for(bytes.pauses[i]);
            if (i < bytes.gates.size()) co_await wait_for(bytes.gates[i]);
            co_await write(bytes.body[i], plan);
        }
    }

    awaitable<> write(std::string_view text, answer_plan const& plan)
    {
        if (plan.piece == 0) co_return co_await channel_.write(text);
        while (!text.empty()) {
            auto part = text.substr(0, plan.piece);
            text.remove_prefix(part.size());
            co_await channel_.write(part);
            if (!text.empty()) co_await wait_for(plan.pace);
        }
    }

    /// Feeds the parser with buffered bytes, and reads more if needed.
    awaitable<boost::system::error_code> feed(parser_type& parser)
    {
        boost::system::error_code ec;
        if (buffer_.size() != 0 && !hungry_) {
            buffer_.consume(parser.put(buffer_.data(), ec));
            hungry_ = ec == boost::beast::http::error::need_more;
            if (hungry_) ec.clear();
            co_return ec;
        }
        hungry_ = false;
        auto space = buffer_.prepare(std::min<std::size_t>(std::size_t(1) << 20, buffer_.size() + 16384));
        buffer_.commit(co_await channel_.read_some(space, ec));
        if (ec == boost::asio::error::eof) {
            ec.clear();
            if (parser.got_some()) parser.put_eof(ec);
            if (!ec) ec = boost::beast::http::error::end_of_stream;
        }
        co_return ec;
    }

    /// Answers a malformed request; a peer that disconnected gets nothing.
    awaitable<bool> refuse(boost::system::error_code ec)
    {
        namespace http = boost::beast::http;
        boost::system::error_code const sample = http::error::end_of_stream;
        bool went = ec.category() != sample.category() || ec == http::error::end_of_stream ||
                    ec == http::error::partial_message;
        if (went) co_return false;
        state_->console.add_violation("no HTTP request: " + ec.message());
        unsigned status = ec == http::error::body_limit ? 413 : ec == http::error::header_limit ? 431 : 400;
        response reply(status, "text/html", "<h1>" + std::to_string(status) + "</h1>");
        auto bytes = encode(reply, answer_plan(), false, false);
        answer_plan none;
        co_await write(bytes, none);
        co_return false;
    }

    /// Sends `100 Continue` if the request expects it.
    awaitable<> invite(parser_type& parser)
    {
        if (parser.is_done() || !iequals(parser.get()["Expect"], "100-continue")) co_return;
        answer_plan none;
        co_await write("HTTP/1.1 100 Continue\r\n\r\n", none);
    }

    request head_of(parser_type& parser) const
    {
        auto const& head = parser.get();
        request result(head.method_string(), head.target());
        for (auto const& item : head)
            result.headers.add(item.name_string(), item.value());
        result.connection = id_;
        return result;
    }

    /// Waits for a time and for a gate.
    awaitable<> wait(std::chrono::milliseconds time, std::optional<gate> const& held)
    {
        if (time.count() > 0) co_await wait_for(time);
        if (held) co_await wait_for(*held);
    }

    awaitable<> wait_for(std::chrono::milliseconds time)
    {
        boost::system::error_code ignored;
        pause_.expires_after(time);
        co_await pause_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
        if (stopping_) throw boost::system::system_error(boost::asio::error::operation_aborted);
    }

    awaitable<> wait_for(gate const& held)
    {
        boost::system::error_code ignored;
        pause_.expires_at(std::chrono::steady_clock::time_point::max());
        if (await_opening(held))
            co_await pause_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
        if (stopping_) throw boost::system::system_error(boost::asio::error::operation_aborted);
    }

    bool await_opening(gate const& held)
    {
        return held.wait([weak = weak_from_this()] {
            auto self = weak.lock();
            if (!self) return;
            auto executor = self->wire().get_executor();
            boost::asio::post(executor, [self] { self->pause_.cancel(); });
        });
    }

    /// Ends the connection if no request comes within the server's limit.
    void watch_idle()
    {
        auto limit = state_->idle_limit_ms.load();
        if (limit == 0 || wire().stalled()) return;
        idle_since_ = ++idle_count_;
        idle_.expires_after(std::chrono::milliseconds(limit));
        idle_.async_wait([weak = weak_from_this(), number = idle_since_](boost::system::error_code ec) {
            auto self = weak.lock();
            if (!ec && self && self->idle_since_ == number) self->wire().close(false);
        });
    }

    std::shared_ptr<server_state> state_;
    std::uint64_t id_;
    channel channel_;
    boost::asio::steady_timer pause_;
    boost::asio::steady_timer idle_;
    std::uint64_t idle_since_ = 0;
    std::uint64_t idle_count_ = 0;
    boost::beast::flat_buffer buffer_;
    bool hungry_ = false;
    bool linger_ = false;
    bool reset_ = false;
    bool stopping_ = false;
};

}}}} // namespace practicus::v1::mock::detail
