// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/mock/gate.hpp>
#include <practicus/mock/message.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 { namespace mock {

namespace detail {

/// The end of a connection that has reached its limit of bytes.
enum class ending
{
    none,
    close,
    reset,
    stall
};

/// A number of bytes to send before the connection ends.
struct byte_limit
{
    enum class from
    {
        answer,
        body
    };

    ending then = ending::none;
    std::size_t bytes = 0;
    from counted = from::answer;
};

/// The faults of one response.
struct answer_plan
{
    std::optional<response> reply;
    header_list headers;
    std::string interim;
    std::optional<std::string> raw;
    std::chrono::milliseconds delay{0};
    std::optional<gate> held;
    byte_limit limit;
    std::optional<std::uint64_t> says_length;
    std::optional<std::string> chunk_size;
    std::uint64_t head_filler = 0;
    std::uint64_t body_filler = 0;
    std::size_t piece = 0;
    std::chrono::milliseconds pace{0};
    bool until_close = false;
    bool close = false;
    bool reset = false;
    bool early = false;
};

/// The faults of one connection.
struct connection_plan
{
    byte_limit limit;
    std::chrono::milliseconds delay{0};
    std::optional<gate> held;
    std::optional<std::string> raw;
};

/// The faults that apply to connections and responses. `Derived` has `change_plan(f)`, which calls `f` with
/// its plan.
template <class Derived>
class faults
{
public:
    /// Waits for this time before anything is sent.
    Derived& delay(std::chrono::milliseconds value)
    {
        return set([&](auto& p) { p.delay = value; });
    }

    /// Waits until the gate is open before anything is sent.
    Derived& hold(gate const& value)
    {
        return set([&](auto& p) { p.held = value; });
    }

    /// Sends these bytes unchanged, and closes: garbage, or a response with broken framing.
    Derived& raw(std::string bytes)
    {
        return set([&](auto& p) { p.raw = std::move(bytes); });
    }

    /// Closes the connection after this number of bytes; 0 sends none.
    Derived& cut_after(std::size_t bytes) { return limit(ending::close, bytes); }

    /// Resets the connection (RST) after this number of bytes; 0 sends none.
    Derived& reset_after(std::size_t bytes) { return limit(ending::reset, bytes); }

    /// Stops sending after this number of bytes; 0 sends none. The connection stays open.
    Derived& stall_after(std::size_t bytes) { return limit(ending::stall, bytes); }

protected:
    template <class Change>
    Derived& set(Change change)
    {
        auto& self = static_cast<Derived&>(*this);
        self.change_plan(change);
        return self;
    }

    Derived& limit(ending then, std::size_t bytes, byte_limit::from counted = byte_limit::from::answer)
    {
        return set([&](auto& p) { p.limit = {then, bytes, counted}; });
    }
};

/// The faults that apply to responses. Limits count the bytes of this response; under TLS, those of its
/// records.
template <class Derived>
class answer_faults : public faults<Derived>
{
    using base = faults<Derived>;
    using base::limit;
    using base::set;

public:
    /// Sends this response instead of the region's.
    Derived& reply(response value)
    {
        return set([&](auto& p) { p.reply = std::move(value); });
    }

    /// Sends a response with this status, body and media type instead of the region's.
    Derived& reply(unsigned status, std::string_view body = {}, std::string_view type = "application/json")
    {
        return reply(response(status, type, std::string(body)));
    }

    /// Adds a field to the reply, or to the region's response if there is no reply.
    Derived& header(std::string_view name, std::string_view value)
    {
        return set([&](auto& p) { p.headers.add(name, value); });
    }

    /// Sends a redirect to this location.
    Derived& redirect(std::string_view location, unsigned status = 302)
    {
        reply(response(status));
        return header("Location", location);
    }

    /// Sends an interim response of this status (1xx) before the response. May be called more than once.
    Derived& interim(unsigned status)
    {
        return set([&](auto& p) {
            p.interim += "HTTP/1.1 " + std::to_string(status) + " Interim\r\nLink: </>\r\n\r\n";
        });
    }

    /// Closes the connection after the response's head and this number of bytes of its body.
    Derived& cut_after_head(std::size_t bytes = 0)
    {
        return limit(ending::close, bytes, byte_limit::from::body);
    }

    /// Sends nothing. The connection stays open.
    Derived& stall() { return this->stall_after(0); }

    /// Stops sending after the response's head and this number of bytes of its body. The connection stays
    /// open.
    Derived& stall_after_head(std::size_t bytes = 0)
    {
        return limit(ending::stall, bytes, byte_limit::from::body);
    }

    /// Sends this Content-Length instead of the body's own.
    Derived& content_length(std::uint64_t value)
    {
        return set([&](auto& p) { p.says_length = value; });
    }

    /// Sends the body chunked, with this text as the size of the first chunk.
    Derived& chunk_size(std::string_view value)
    {
        return set([&](auto& p) { p.chunk_size = value; });
    }

    /// Sends the body without a length: only the end of the connection ends it.
    Derived& until_close()
    {
        return set([](auto& p) { p.until_close = true; });
    }

    /// Adds a field of this many bytes to the head.
    Derived& oversized_head(std::uint64_t bytes)
    {
        return set([&](auto& p) { p.head_filler = bytes; });
    }

    /// Sends this many spaces before the body, which leave JSON valid. They are made while they are sent.
    Derived& oversized_body(std::uint64_t bytes)
    {
        return set([&](auto& p) { p.body_filler = bytes; });
    }

    /// Sends the response in pieces of this many bytes, with a pause between them.
    Derived& slow(std::size_t bytes, std::chrono::milliseconds pause)
    {
        return set([&](auto& p) {
            p.piece = bytes;
            p.pace = pause;
        });
    }

    /// Closes the connection after the response, without announcing it.
    Derived& then_close()
    {
        return set([](auto& p) { p.close = true; });
    }

    /// Resets the connection after the response, without announcing it.
    Derived& then_reset()
    {
        return set([](auto& p) { p.close = p.reset = true; });
    }

    /// Responds after the request's head without reading its body, and closes. The request is recorded
    /// without its body.
    Derived& before_body()
    {
        return set([](auto& p) { p.early = true; });
    }
};

} // namespace detail

/// The faults of one response, as a value for `server::inject`. Default: none; the region answers.
class fault : public detail::answer_faults<fault>
{
public:
    /// Internal: for the setters of the base class.
    template <class Change>
    void change_plan(Change change)
    {
        change(plan_);
    }

    /// Internal: for `server`.
    detail::answer_plan const& plan() const noexcept { return plan_; }

private:
    detail::answer_plan plan_;
};

}}} // namespace practicus::v1::mock
