// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/client.hpp>
#include <practicus/completion_token.hpp>
#include <practicus/detail/client/completion.hpp>
#include <practicus/error.hpp>
#include <practicus/event_parser.hpp>
#include <practicus/predict.hpp>

#include <boost/asio/awaitable.hpp>

#include <concepts>
#include <functional>
#include <memory>
#include <optional>
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

class event_channel;
class event_source;

/// An operation that gives its response to a sink.
using streamed_operation = std::function<boost::asio::awaitable<void>(body_sink)>;

template <class T>
boost::asio::awaitable<void> without_value(boost::asio::awaitable<T> operation)
{
    co_await std::move(operation);
}

std::shared_ptr<event_source> start_events(client const& with, streamed_operation start, event_limits limits);
std::shared_ptr<event_channel> const& channel_of(event_source const& source) noexcept;

namespace operations {

pending<std::optional<stream_event>> next_event(handle const& h, std::shared_ptr<event_channel> const& from);

} // namespace operations
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

/// The events of a streaming operation, taken one by one.
///
///     practicus::event_stream events(client, [=](practicus::body_sink sink) {
///         return client.predict(url, body, practicus::predict_options().sink(std::move(sink)));
///     });
///     while (auto event = co_await events.next())
///         std::cout << event->data;
///
/// The operation runs in the client's context. It reads on when all events that have arrived were taken. The
/// destructor cancels it. Thread safety: one thread at a time; `next` may be called from any context.
class event_stream
{
public:
    /// Starts an operation: `start(sink)` must return a `client::awaitable`, whose result is discarded. The
    /// function is called, copied and destroyed in the client's context. It must not refer to objects that
    /// may end before the operation; a cancelled one ends after the stream.
    template <class Start>
    requires std::copy_constructible<Start> && std::invocable<Start const&, body_sink>
    event_stream(client with, Start start, event_limits limits = event_limits())
        : client_(std::move(with)), source_(detail::start_events(
                                        client_,
                                        [call = std::move(start)](body_sink sink) {
                                            return detail::without_value(call(std::move(sink)));
                                        },
                                        limits))
    {}

    /// Takes the operation of the other stream, which can only be destroyed or assigned afterwards.
    event_stream(event_stream&&) noexcept = default;
    /// Cancels the own operation, and takes that of the other stream.
    event_stream& operator=(event_stream&&) noexcept = default;

    /// Returns the next event, or nothing when the operation has ended. Call it again only after the previous
    /// call has ended.
    ///
    /// A cancellation ends the call, and loses no event. Errors: those of the operation, once and after its
    /// events; `errc::body_too_large` for an event that exceeds a limit, which cancels the operation.
    template <completion_token<std::optional<stream_event>> Token = await_token>
    [[nodiscard]] auto next(Token&& completion = Token())
    {
        return detail::initiate(detail::handle_of(client_), std::forward<Token>(completion),
                                detail::operations::next_event, detail::channel_of(*source_));
    }

private:
    client client_;
    std::shared_ptr<detail::event_source> source_;
};

}} // namespace practicus::v1

#ifndef PRACTICUS_SEPARATE_COMPILATION
#include <practicus/impl/event_stream.ipp>
#endif
