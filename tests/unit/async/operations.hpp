// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/async/run_operation.hpp>

#include <exception>
#include <memory>
#include <utility>

using namespace practicus::detail;
using practicus::errc;
using practicus::error;

/// How an operation ended.
struct outcome
{
    int calls = 0;
    int value = 0;
    boost::system::error_code code;

    auto handler()
    {
        return [this](std::exception_ptr e, int result) {
            ++calls;
            value = result;
            try {
                if (e) std::rethrow_exception(e);
            } catch (error const& failed) {
                code = failed.code();
            }
        };
    }
};

/// What a caller gets.
template <class T>
asio::awaitable<T> or_throw(asio::awaitable<result<T>> of)
{
    auto ended = co_await std::move(of);
    co_return std::move(ended).value();
}

using shared_flight = std::shared_ptr<flight<int>>;

inline auto joining(std::shared_ptr<client_runtime> const& runtime, shared_flight const& work,
                    time_point at = time_point::max())
{
    return throwing<int>(run_operation<int>(
        runtime, [runtime, work, at] { return flight<int>::join(work, runtime->limits(), at); }));
}
