// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// Models that answer with a text/event-stream.

#include "fixture.hpp"

#include <practicus/event_stream.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>

#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

using practicus::errc;
using practicus::event_limits;
using practicus::predict_options;
using practicus::stream_event;

namespace {

using texts = std::vector<std::string>;

/// Answers with the prompt, in pieces of one byte at first, then of seven.
practicus::mock::response stream_text(practicus::mock::request const& r)
{
    practicus::mock::response answer(200, "text/event-stream", r.body);
    answer.chunked = true;
    for (std::size_t at = 1; at < r.body.size(); at += at < 20 ? 1 : 7)
        answer.pieces.push_back(at);
    return answer;
}

struct streaming : fixture
{
    streaming()
    {
        practicus::mock::deployment const large("depl-large", "Large");
        practicus::mock::model chat(50, "chat", practicus::mock::prefix("models-llm", "llm"),
                                    {{501, "1", large}});
        chat.predicts = stream_text;
        server.region().add(chat);
    }

    std::string chat() const { return server.url() + "/llm/chat/"; }
};

constexpr char const* three =
    "\xef\xbb\xbf"
    "data: 1\r\n\r\n: ping\r\revent: delta\ndata: 2\ndata: b\n\ndata: 3\n\ndata: 4\n";

asio::awaitable<void> keep(texts& found, stream_event event)
{
    if (event.data == "throw") throw std::runtime_error("of the handler");
    found.push_back(event.type + ' ' + event.data);
    co_return;
}

practicus::event_handler kept_in(texts& found)
{
    return [&found](stream_event event) { return keep(found, std::move(event)); };
}

} // namespace

TEST_CASE("event_sink: a model's events arrive in order, and the options serve again")
{
    streaming f;
    auto client = f.user();
    texts found;
    auto const options = predict_options().sink(practicus::event_sink(kept_in(found)));
    for (int i = 0; i != 2; ++i) {
        auto const answer = f.run(client.predict(f.chat(), three, options));
        CHECK(answer.content_type == "text/event-stream");
        CHECK(answer.body.empty());
    }
    CHECK(found == texts{"message 1", "delta 2\nb", "message 3", "message 1", "delta 2\nb", "message 3"});
}

TEST_CASE("event_sink: an exception of the handler leaves the operation unchanged")
{
    streaming f;
    auto client = f.user();
    texts found;
    auto const options = predict_options().sink(practicus::event_sink(kept_in(found)));
    CHECK_THROWS_WITH(f.run(client.predict(f.chat(), "data:1\n\ndata:throw\n\ndata:3\n\n", options)),
                      "of the handler");
    CHECK(found == texts{"message 1"});
}

TEST_CASE("event_sink: an event above a limit fails the operation with its code")
{
    streaming f;
    auto client = f.user();
    texts found;
    event_limits limits;
    limits.data = 3;
    auto const options = predict_options().sink(practicus::event_sink(kept_in(found), limits));
    std::string const text = "data:1\n\ndata:1234\n\ndata:3\n\n";
    auto const failed = f.failure(client.predict(f.chat(), text, options));
    CHECK(failed.code == errc::body_too_large);
    CHECK(failed.message == "the data of an event exceeds event_limits::data");
    CHECK(found == texts{"message 1"});

    practicus::error_info info;
    auto const token = practicus::with_error_info(asio::as_tuple(asio::deferred), info);
    auto ended = f.run([&]() -> asio::awaitable<practicus::error_code> {
        auto result = co_await client.predict(f.chat(), text, options, token);
        co_return std::get<0>(result);
    }());
    CHECK(ended == errc::callback_failed);
    CHECK(info.cause == errc::body_too_large);
}
