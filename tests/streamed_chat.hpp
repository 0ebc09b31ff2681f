// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/call.hpp>
#include <practicus/chat.hpp>
#include <practicus/client.hpp>
#include <practicus/event_stream.hpp>

#include <boost/asio/awaitable.hpp>

#include <string>
#include <utility>
#include <vector>

/// Returns the pieces of a chat's text, and `[DONE]` for its end.
inline boost::asio::awaitable<std::vector<std::string>>
streamed_chat(practicus::client client, practicus::call_url url, practicus::request asked)
{
    practicus::event_stream events(client, [=](practicus::body_sink sink) {
        return client.call(url, practicus::request(asked).sink(std::move(sink)));
    });
    std::vector<std::string> result;
    while (auto const event = co_await events.next()) {
        auto const chunk = practicus::read_chat_chunk(*event);
        if (!chunk.text().empty()) result.emplace_back(chunk.text());
        if (chunk.done) result.emplace_back("[DONE]");
    }
    co_return result;
}
