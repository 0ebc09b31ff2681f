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

/// How a connection ends once its limit of bytes is reached.
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
    /// Continues only after this time.
    Derived& delay(std::chrono::milliseconds value)
    {
        return set([&](auto& p) { p.delay = value; });
    }

    /// Continues only once the gate is open.
    Derived& hold(gate const& value)
    {
        return set([&](auto& p) { p.held = value; });
    }

    /// Sends these bytes as they are, and closes: garbage, or an answer with broken framing.
    Derived& raw(std::string bytes)
    {
        return set([&](auto& p) { p.raw = std::move(bytes); });
    }

    /// Closes after so many bytes; 0: before the first.
    Derived& cut_after(std::size_t bytes) { return limit(ending::close, bytes); }

    /// As `cut_after`, with a reset (RST).
    Derived& reset_after(std::size_t bytes) { return limit(ending::reset, bytes); }

    /// As `cut_after`, but the connection stays open, and silent.
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

/// The faults that apply to responses. Limits count the bytes of this answer, under TLS those of its records.
template <class Derived>
class answer_faults : public faults<Derived>
{
    using base = faults<Derived>;
    using base::limit;
    using base::set;

public:
    /// Answers this instead of the region.
    Derived& reply(response value)
    {
        return set([&](auto& p) { p.reply = std::move(value); });
    }

    /// The same, with a body of this type.
    Derived& reply(unsigned status, std::string_view body = {}, std::string_view type = "application/json")
    {
        return reply(response(status, type, std::string(body)));
    }

    /// One more field of the reply; without a reply, of the region's answer.
    Derived& header(std::string_view name, std::string_view value)
    {
        return set([&](auto& p) { p.headers.add(name, value); });
    }

    /// Answers a redirect to this place.
    Derived& redirect(std::string_view location, unsigned status = 302)
    {
        reply(response(status));
        return header("Location", location);
    }

    /// Sends an answer of this status (1xx) before the answer. May be called more than once.
    Derived& interim(unsigned status)
    {
        return set([&](auto& p) {
            p.interim += "HTTP/1.1 " + std::to_string(status) + " Interim\r\nLink: </>\r\n\r\n";
        });
    }

    /// Closes after the answer's head and so many bytes of its body.
    Derived& cut_after_head(std::size_t bytes = 0)
    {
        return limit(ending::close, bytes, byte_limit::from::body);
    }

    /// Never answers.
    Derived& stall() { return this->stall_after(0); }

    /// Falls silent after the answer's head and so many bytes of its body.
    Derived& stall_after_head(std::size_t bytes = 0)
    {
        return limit(ending::stall, bytes, byte_limit::from::body);
    }

    /// Sends this Content-Length instead of the body's own.
    Derived& content_length(std::uint64_t value)
    {
        return set([&](auto& p) { p.says_length = value; });
    }

    /// Sends the body chunked, with this in place of the first chunk's size.
    Derived& chunk_size(std::string_view value)
    {
        return set([&](auto& p) { p.chunk_size = value; });
    }

    /// Sends the body without a length, framed by the connection's end alone.
    Derived& until_close()
    {
        return set([](auto& p) { p.until_close = true; });
    }

    /// Adds a field of so many bytes to the head.
    Derived& oversized_head(std::uint64_t bytes)
    {
        return set([&](auto& p) { p.head_filler = bytes; });
    }

    /// Sends so many spaces before the body, made as they go out. (Spaces before JSON are JSON.)
    Derived& oversized_body(std::uint64_t bytes)
    {
        return set([&](auto& p) { p.body_filler = bytes; });
    }

    /// Sends so many bytes at a time, with a pause between.
    Derived& slow(std::size_t bytes, std::chrono::milliseconds pause)
    {
        return set([&](auto& p) {
            p.piece = bytes;
            p.pace = pause;
        });
    }

    /// Closes the connection after the answer, without having said so in it.
    Derived& then_close()
    {
        return set([](auto& p) { p.close = true; });
    }

    /// Resets the connection after the answer, without having said so in it.
    Derived& then_reset()
    {
        return set([](auto& p) { p.close = p.reset = true; });
    }

    /// Answers after the request's head, without reading its body, and closes. The request is recorded
    /// without its body.
    Derived& before_body()
    {
        return set([](auto& p) { p.early = true; });
    }
};

} // namespace detail

/// The faults of one response: a value, for `server::inject`. Default: none, the region answers.
class fault : public detail::answer_faults<fault>
{
public:
    /// For the setters of the base class alone.
    template <class Change>
    void change_plan(Change change)
    {
        change(plan_);
    }

    /// For `server` alone.
    detail::answer_plan const& plan() const noexcept { return plan_; }

private:
    detail::answer_plan plan_;
};

}}} // namespace practicus::v1::mock
