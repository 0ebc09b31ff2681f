// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/error.hpp>
#include <practicus/event_parser.hpp>
#include <practicus/predict.hpp>

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 {

/// A function that takes one event of a stream.
using event_handler = std::function<boost::asio::awaitable<void>(stream_event)>;

namespace detail {

/// Parses a response and calls a function for each event. A copy that no piece was given to parses a response
/// of its own.
class event_reader
{
public:
    event_reader(event_handler f, event_limits limits) : take_(std::move(f)), parser_(limits) {}

    boost::asio::awaitable<void> operator()(std::string piece)
    {
        std::string_view rest = piece;
        while (auto found = parser_.next(rest)) {
            auto taking = take_(std::move(*found));
            co_await std::move(taking);
        }
    }

private:
    event_handler take_;
    event_parser parser_;
};

} // namespace detail

/// Returns a sink for a `text/event-stream`, which calls `take` in the client's context for each event, in
/// order. The response is read on when the call has ended.
///
/// An exception of `take` ends the operation. So does an event that exceeds a limit, with
/// `errc::body_too_large`; with a completion token it is the cause of an `errc::callback_failed`. Options
/// that hold the sink may be used for several calls. Throws `errc::invalid_argument` if `take` is empty.
inline body_sink event_sink(event_handler take, event_limits limits = event_limits())
{
    if (!take) throw error(errc::invalid_argument, "event_sink needs a function");
    return detail::event_reader(std::move(take), limits);
}

}} // namespace practicus::v1
