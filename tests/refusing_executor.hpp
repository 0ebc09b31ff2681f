// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <boost/asio/execution/context_as.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>

#include <cstddef>
#include <stdexcept>
#include <type_traits>
#include <utility>

/// Counts the calls of executors, and selects the ones that throw: `count` of them, from number `first` (from
/// 0).
struct executions
{
    std::size_t calls = 0;
    std::size_t first = 0;
    std::size_t count = 0;
    /// Excludes the calls for which it returns true; may be null.
    bool (*spared)() noexcept = nullptr;

    void add()
    {
        auto const n = calls++;
        if (n < first || n - first >= count || (spared != nullptr && spared())) return;
        throw std::runtime_error("the executor refuses");
    }
};

/// An executor that throws at some calls, and otherwise forwards to `Inner`. `queries` counts the queries for
/// its context, and may be null.
template <class Inner>
class refusing_executor
{
public:
    refusing_executor(Inner inner, executions& counted, executions* queries = nullptr) noexcept
        : inner_(std::move(inner)), counted_(&counted), queries_(queries)
    {}

    template <class F>
    void execute(F&& f) const
    {
        counted_->add();
        inner_.execute(std::forward<F>(f));
    }

    template <class Property>
    auto query(Property const& p) const -> decltype(boost::asio::query(std::declval<Inner const&>(), p))
    {
        if constexpr (std::is_same_v<Property, context_property>)
            if (queries_ != nullptr) queries_->add();
        return boost::asio::query(inner_, p);
    }

    template <class Property>
    auto require(Property const& p) const
        -> refusing_executor<std::decay_t<decltype(boost::asio::require(std::declval<Inner const&>(), p))>>
    {
        return {boost::asio::require(inner_, p), *counted_, queries_};
    }

    friend bool operator==(refusing_executor const& a, refusing_executor const& b) noexcept
    {
        return a.inner_ == b.inner_;
    }
    friend bool operator!=(refusing_executor const& a, refusing_executor const& b) noexcept
    {
        return !(a == b);
    }

private:
    // By which the executors of coroutines ask.
    using context_property = boost::asio::execution::context_as_t<boost::asio::execution_context&>;

    Inner inner_;
    executions* counted_;
    executions* queries_;
};
