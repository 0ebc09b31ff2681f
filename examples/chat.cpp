// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// chat URL EMAIL PASSWORD [QUESTION]: the answer of a language model, shown token by token. Ctrl-C cancels
// its generation, and the program ends with 130.

#include "interrupts.hpp"

#include <practicus.hpp>
#include <practicus/chat.hpp>
#include <practicus/format.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>

namespace asio = boost::asio;
namespace json = boost::json;

/// Shows a model's text, which is untrusted, without what steers a terminal.
void show(std::string_view text)
{
    for (auto end = text.find('\n'); end != text.npos; end = text.find('\n')) {
        std::cout << practicus::one_line(text.substr(0, end)) << '\n';
        text.remove_prefix(end + 1);
    }
    std::cout << practicus::one_line(text) << std::flush;
}

asio::awaitable<void> chat(practicus::client client, std::string question)
{
    json::object const message{{"role", "user"}, {"content", question}};
    json::object const body{{"model", "assistant"},
                            {"messages", json::array{message}},
                            {"stream", true},
                            {"stream_options", {{"include_usage", true}}}};
    auto asked = practicus::request::json(body);
    asked.response_type("text/event-stream");
    auto const url = client.model_url("llm", "assistant").at("chat/completions");

    practicus::event_stream events(client, [=](practicus::body_sink sink) {
        return client.call(url, practicus::request(asked).sink(std::move(sink)));
    });
    while (auto const event = co_await events.next()) {
        auto const chunk = practicus::read_chat_chunk(*event);
        show(chunk.text());
        if (chunk.usage) std::cout << "\n(" << chunk.usage->completion_tokens << " tokens)\n";
    }
}

int main(int argc, char** argv)
{
    if (argc != 4 && argc != 5) return 2;
    asio::io_context io;
    practicus::client_options options;
    options.credentials = practicus::credentials::password(argv[2], argv[3]);
    practicus::client client(io.get_executor(), argv[1], options);

    asio::cancellation_signal cancel;
    asio::signal_set interrupts(io);
    add_interrupts(interrupts);
    interrupts.async_wait([&](practicus::error_code failed, int) {
        if (!failed) cancel.emit(asio::cancellation_type::terminal);
    });
    int result = 0;
    auto ended = [&](std::exception_ptr failed) {
        interrupts.cancel();
        try {
            if (failed) std::rethrow_exception(failed);
        } catch (practicus::error const& e) {
            bool const cancelled = e.code() == asio::error::operation_aborted;
            std::cerr << '\n' << (cancelled ? "cancelled" : e.what()) << '\n';
            result = cancelled ? 130 : 1;
        }
    };
    asio::co_spawn(io, chat(client, argc == 5 ? argv[4] : "one word at a time"),
                   asio::bind_cancellation_slot(cancel.slot(), std::move(ended)));
    io.run();
    return result;
}
