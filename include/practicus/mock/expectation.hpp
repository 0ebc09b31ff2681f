// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/mock/fault.hpp>
#include <practicus/mock/message.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace practicus { inline namespace v1 { namespace mock {

namespace detail {

template <class Plan>
struct rule
{
    std::string method;
    std::string path;
    Plan plan;
    /// Empty: any number of times, including zero.
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
    std::function<fault(request const&)> injected;

    answer_plan take(request const& r)
    {
        std::unique_lock lock(mutex);
        for (auto const& candidate : answers) {
            if (!candidate->live() || !candidate->matches(r)) continue;
            ++candidate->used;
            return candidate->plan;
        }
        auto hook = injected;
        lock.unlock();
        return hook ? hook(r).plan() : answer_plan();
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

/// A handle on a rule of the script.
template <class Derived, class Plan>
class expected
{
public:
    /// For `server` alone.
    expected(std::shared_ptr<script> s, std::shared_ptr<rule<Plan>> r)
        : script_(std::move(s)), rule_(std::move(r))
    {}

    /// Sets the number of expected requests or connections. Default: 1.
    Derived& times(std::uint64_t value) { return set_times(value); }

    /// Expects it any number of times, including zero.
    Derived& always() { return set_times(std::nullopt); }

    /// Returns the number of matches so far.
    std::uint64_t met() const
    {
        std::lock_guard lock(script_->mutex);
        return rule_->used;
    }

    /// For the setters of the base class alone.
    template <class Change>
    void change_plan(Change change)
    {
        std::lock_guard lock(script_->mutex);
        change(rule_->plan);
    }

private:
    Derived& set_times(std::optional<std::uint64_t> value)
    {
        std::lock_guard lock(script_->mutex);
        rule_->times = value;
        return static_cast<Derived&>(*this);
    }

    std::shared_ptr<script> script_;
    std::shared_ptr<rule<Plan>> rule_;
};

} // namespace detail

/// One expected request and the faults of its response: a handle, made by `server::expect`.
///
/// Without `reply` or `raw` the region answers, and the rest (delays, cuts, closing) is done to its answer.
/// Expectations are met in the order in which they were made; one that is used up makes way for the next that
/// matches. Call the setters before the request can come. Thread-safe.
class expectation : public detail::expected<expectation, detail::answer_plan>,
                    public detail::answer_faults<expectation>
{
public:
    using expected::expected;
};

/// One expected connection and its faults: a handle, made by `server::expect_connection`.
/// Limits count all that the server sends on the wire: under TLS, the handshake too. `raw` goes out before
/// TLS, and nothing is read. Thread-safe.
class connection_expectation : public detail::expected<connection_expectation, detail::connection_plan>,
                               public detail::faults<connection_expectation>
{
public:
    using expected::expected;
};

}}} // namespace practicus::v1::mock
