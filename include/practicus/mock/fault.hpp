// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/mock/message.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace practicus::inline v1::mock {

/// Holds answers back until it is opened: a copyable handle. So a test decides when something goes on,
/// without a timer. Thread-safe.
class gate
{
public:
    /// Lets everything pass that waits, and all that comes.
    void open() const
    {
        std::vector<std::function<void()>> waiters;
        {
            std::lock_guard lock(state_->mutex);
            state_->is_open = true;
            waiters.swap(state_->waiters);
        }
        for (auto const& wake : waiters)
            wake();
    }

    /// How many wait.
    std::size_t waiting() const
    {
        std::lock_guard lock(state_->mutex);
        return state_->waiters.size();
    }

    /// Calls `wake` from `open()`; false, and no call, if it is open.
    bool wait(std::function<void()> wake) const
    {
        std::lock_guard lock(state_->mutex);
        if (!state_->is_open) state_->waiters.push_back(std::move(wake));
        return !state_->is_open;
    }

private:
    struct state
    {
        std::mutex mutex;
        bool is_open = false;
        std::vector<std::function<void()>> waiters;
    };

    std::shared_ptr<state> state_ = std::make_shared<state>();
};

namespace detail {

/// How a connection ends once its limit of bytes is reached.
enum class ending
{
    none,
    close,
    reset,
    stall
};

/// So many bytes leave, and then the ending comes.
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

/// What is to happen to one answer.
struct answer_plan
{
    std::optional<response> reply;
    header_list headers;
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
    bool early = false;
};

/// What is to happen to one connection.
struct connection_plan
{
    byte_limit limit;
    std::chrono::milliseconds delay{0};
    std::optional<gate> held;
    std::optional<std::string> raw;
};

template <class Plan>
struct rule
{
    std::string method;
    std::string path;
    Plan plan;
    /// None: any number, also none.
    std::optional<std::uint64_t> times = 1;
    std::uint64_t used = 0;

    bool live() const noexcept { return !times || used < *times; }

    bool matches(request const& r) const
    {
        if (method != "*" && method != r.method) return false;
        std::string_view pattern = path;
        if (!pattern.ends_with('*')) return pattern == r.path() || pattern == r.target;
        pattern.remove_suffix(1);
        return std::string_view(r.target).starts_with(pattern);
    }
};

struct script
{
    std::mutex mutex;
    std::vector<std::shared_ptr<rule<answer_plan>>> answers;
    std::vector<std::shared_ptr<rule<connection_plan>>> connections;

    std::optional<answer_plan> take(request const& r)
    {
        std::lock_guard lock(mutex);
        for (auto const& candidate : answers) {
            if (!candidate->live() || !candidate->matches(r)) continue;
            ++candidate->used;
            return candidate->plan;
        }
        return std::nullopt;
    }

    std::optional<connection_plan> take_connection()
    {
        std::lock_guard lock(mutex);
        for (auto const& candidate : connections) {
            if (!candidate->live()) continue;
            ++candidate->used;
            return candidate->plan;
        }
        return std::nullopt;
    }

    std::vector<std::string> unmet()
    {
        std::lock_guard lock(mutex);
        std::vector<std::string> result;
        auto report = [&](auto const& r, std::string what) {
            if (r.times && r.used < *r.times)
                result.push_back("expected " + what + ": came " + std::to_string(r.used) + " of " +
                                 std::to_string(*r.times) + " times");
        };
        for (auto const& r : answers)
            report(*r, r->method + ' ' + r->path);
        for (auto const& r : connections)
            report(*r, "a connection");
        return result;
    }
};

/// What expectations of requests and of connections have in common.
template <class Derived, class Plan>
class expectation_base
{
public:
    expectation_base(std::shared_ptr<script> s, std::shared_ptr<rule<Plan>> r)
        : script_(std::move(s)), rule_(std::move(r))
    {}

    /// Goes on only after this time.
    Derived& delay(std::chrono::milliseconds value)
    {
        return set([&](Plan& p) { p.delay = value; });
    }

    /// Goes on only once the gate is open.
    Derived& hold(gate const& value)
    {
        return set([&](Plan& p) { p.held = value; });
    }

    /// Sends these bytes as they are, and closes: garbage, or an answer with broken framing.
    Derived& raw(std::string bytes)
    {
        return set([&](Plan& p) { p.raw = std::move(bytes); });
    }

    /// Closes after so many bytes; 0: before the first.
    Derived& cut_after(std::size_t bytes) { return limit(ending::close, bytes); }

    /// As `cut_after`, with a reset (RST).
    Derived& reset_after(std::size_t bytes) { return limit(ending::reset, bytes); }

    /// As `cut_after`, but the connection stays open, and silent.
    Derived& stall_after(std::size_t bytes) { return limit(ending::stall, bytes); }

    /// How often it is expected. Default: once.
    Derived& times(std::uint64_t value)
    {
        return with_rule([&](rule<Plan>& r) { r.times = value; });
    }

    /// Any number of times, also none.
    Derived& always()
    {
        return with_rule([](rule<Plan>& r) { r.times.reset(); });
    }

    /// How often it was met.
    std::uint64_t met() const
    {
        std::lock_guard lock(script_->mutex);
        return rule_->used;
    }

protected:
    template <class Change>
    Derived& with_rule(Change change)
    {
        std::lock_guard lock(script_->mutex);
        change(*rule_);
        return static_cast<Derived&>(*this);
    }

    template <class Change>
    Derived& set(Change change)
    {
        return with_rule([&](rule<Plan>& r) { change(r.plan); });
    }

    Derived& limit(ending then, std::size_t bytes, byte_limit::from counted = byte_limit::from::answer)
    {
        return set([&](Plan& p) { p.limit = {then, bytes, counted}; });
    }

private:
    std::shared_ptr<script> script_;
    std::shared_ptr<rule<Plan>> rule_;
};

} // namespace detail

/// One expected request, and what is to happen to its answer: a handle, made by `server::expect`.
///
/// Without `reply` or `raw` the region answers, and the rest (delays, cuts, closing) is done to its answer.
/// Expectations are met in the order in which they were made; one that is used up makes way for the next that
/// matches. Limits count the bytes of this answer, under TLS those of its records. Call the setters before
/// the request can come. Thread-safe.
class expectation : public detail::expectation_base<expectation, detail::answer_plan>
{
public:
    using expectation_base::expectation_base;

    /// Answers this instead of the region.
    expectation& reply(response value)
    {
        return set([&](auto& p) { p.reply = std::move(value); });
    }

    expectation& reply(unsigned status, std::string_view body = {},
                       std::string_view type = "application/json")
    {
        return reply(response(status, type, std::string(body)));
    }

    /// One more field of the reply; without a reply, of the region's answer.
    expectation& header(std::string_view name, std::string_view value)
    {
        return set([&](auto& p) { p.headers.add(name, value); });
    }

    expectation& redirect(std::string_view location, unsigned status = 302)
    {
        return reply(response(status)).header("Location", location);
    }

    /// Closes after the answer's head and so many bytes of its body.
    expectation& cut_after_head(std::size_t bytes = 0)
    {
        return limit(detail::ending::close, bytes, detail::byte_limit::from::body);
    }

    /// Never answers.
    expectation& stall() { return stall_after(0); }

    /// Falls silent after the answer's head and so many bytes of its body.
    expectation& stall_after_head(std::size_t bytes = 0)
    {
        return limit(detail::ending::stall, bytes, detail::byte_limit::from::body);
    }

    /// Says this Content-Length, whatever the body's is.
    expectation& content_length(std::uint64_t value)
    {
        return set([&](auto& p) { p.says_length = value; });
    }

    /// Sends the body chunked, with this in place of the first chunk's size.
    expectation& chunk_size(std::string_view value)
    {
        return set([&](auto& p) { p.chunk_size = value; });
    }

    /// Sends the body without a length, framed by the connection's end alone.
    expectation& until_close()
    {
        return set([](auto& p) { p.until_close = true; });
    }

    /// Adds a field of so many bytes to the head.
    expectation& oversized_head(std::uint64_t bytes)
    {
        return set([&](auto& p) { p.head_filler = bytes; });
    }

    /// Sends so many spaces before the body, made as they go out. (Spaces before JSON are JSON.)
    expectation& oversized_body(std::uint64_t bytes)
    {
        return set([&](auto& p) { p.body_filler = bytes; });
    }

    /// Sends so many bytes at a time, with a pause between.
    expectation& slow(std::size_t bytes, std::chrono::milliseconds pause)
    {
        return set([&](auto& p) {
            p.piece = bytes;
            p.pace = pause;
        });
    }

    /// Closes the connection after the answer, without having said so in it.
    expectation& then_close()
    {
        return set([](auto& p) { p.close = true; });
    }

    /// Answers after the request's head, without reading its body, and closes. The request is recorded
    /// without its body.
    expectation& before_body()
    {
        return set([](auto& p) { p.early = true; });
    }
};

/// One expected connection, and what is to happen to it: a handle, made by `server::expect_connection`.
/// Limits count all that the server sends on the wire: under TLS, the handshake too. `raw` goes out before
/// TLS, and nothing is read. Thread-safe.
class connection_expectation
    : public detail::expectation_base<connection_expectation, detail::connection_plan>
{
public:
    using expectation_base::expectation_base;
};

} // namespace practicus::inline v1::mock
