// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "catch.hpp"

#include <practicus/call.hpp>
#include <practicus/form_data.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

using practicus::form_data;

namespace {

namespace asio = boost::asio;

asio::awaitable<std::string> next_of(std::shared_ptr<std::vector<std::string>> left)
{
    std::string piece;
    if (!left->empty()) {
        piece = std::move(left->back());
        left->pop_back();
    }
    co_return piece;
}

practicus::body_source source_of(std::vector<std::string> pieces)
{
    auto const left = std::make_shared<std::vector<std::string>>(pieces.rbegin(), pieces.rend());
    return [left] { return next_of(left); };
}

asio::awaitable<void> read_all(practicus::body_source const& from, std::string& all)
{
    while (true) {
        auto asking = from();
        auto const piece = co_await std::move(asking);
        if (piece.empty()) break;
        all += piece;
    }
}

/// The body that is sent, with `B` for the boundary.
std::string body_of(form_data form)
{
    auto const boundary = form.boundary();
    practicus::request what;
    what.multipart(std::move(form));
    auto settings = std::move(practicus::detail::settings(what));
    CHECK(settings.content_type == "multipart/form-data; boundary=" + boundary);
    if (settings.source) {
        asio::io_context io;
        asio::co_spawn(io, read_all(settings.source, settings.body), asio::detached);
        io.run();
    }
    auto& body = settings.body;
    for (auto at = body.find(boundary); at != body.npos; at = body.find(boundary, at))
        body.replace(at, boundary.size(), "B");
    return body;
}

} // namespace

TEST_CASE("fields and files stand in a form in their order")
{
    CHECK(body_of(form_data()) == "--B--\r\n");
    CHECK(body_of(form_data().field("a", "1\n2").file("f", "x.csv", "text/csv", "c\n1\n").field("e", "")) ==
          "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\n2\r\n"
          "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.csv\"\r\nContent-Type: "
          "text/csv\r\n\r\n"
          "c\n1\n\r\n"
          "--B\r\nContent-Disposition: form-data; name=\"e\"\r\n\r\n\r\n--B--\r\n");
}

TEST_CASE("a form with sources is the same as one with their texts")
{
    auto const same = [](std::vector<std::string> const& first, std::vector<std::string> const& second) {
        auto const joined = [](std::vector<std::string> const& pieces) {
            std::string all;
            for (auto const& piece : pieces)
                all += piece;
            return all;
        };
        form_data streamed, whole;
        streamed.file("f", "1", "a/b", source_of(first))
            .file("f", "2", "a/b", source_of(second))
            .field("x", "y");
        whole.file("f", "1", "a/b", joined(first)).file("f", "2", "a/b", joined(second)).field("x", "y");
        return body_of(std::move(streamed)) == body_of(std::move(whole));
    };
    CHECK(same({"ab", "c"}, {"d"}));
    CHECK(same({}, {"d"}));
    CHECK(same({"d"}, {}));
}

TEST_CASE("a file's source is not asked again once its size is given")
{
    int asked = 0;
    practicus::body_source const source = [&, pieces = source_of({"abc"})] {
        ++asked;
        return pieces();
    };
    form_data form;
    form.file("f", "1", "a/b", source, 3).file("f", "2", "a/b", source, 0).field("x", "y");
    CHECK(body_of(std::move(form)).find("\r\n\r\nabc\r\n--B") != std::string::npos);
    CHECK(asked == 1);
}

TEST_CASE("a copy of a request reads the whole form")
{
    form_data form;
    form.field("a", "1").file("f", "x.csv", "text/csv", source_of({}));
    practicus::request what;
    what.multipart(std::move(form));
    std::string bodies[2];
    for (auto& body : bodies) {
        auto const settings = practicus::detail::settings(what);
        asio::io_context io;
        asio::co_spawn(io, read_all(settings.source, body), asio::detached);
        io.run();
    }
    CHECK(bodies[0].size() > 100);
    CHECK(bodies[0] == bodies[1]);
}

TEST_CASE("names are escaped as browsers do")
{
    auto const name_of = [](std::string_view name) {
        auto const body = body_of(form_data().field(name, ""));
        auto const begin = body.find("name=\"") + 6;
        return body.substr(begin, body.find("\"\r\n") - begin);
    };
    CHECK(name_of("a\"b") == "a%22b");
    CHECK(name_of("a\rb\nc\r\nd\n\r") == "a%0D%0Ab%0D%0Ac%0D%0Ad%0D%0A%0D%0A");
    CHECK(name_of("t\xc3\xa4g %\\") == "t\xc3\xa4g %\\");
    auto const body = body_of(form_data().file("f", "a\"\r\n.csv", "a/b", std::string_view()));
    CHECK(body.find("filename=\"a%22%0D%0A.csv\"\r\n") != body.npos);
    for (std::string_view const bad : {std::string_view("a\0b", 3), std::string_view("\x1b")}) {
        CHECK_THROWS_AS(form_data().field(bad, "x"), practicus::error);
        CHECK_THROWS_AS(form_data().file("f", bad, "a/b", std::string_view()), practicus::error);
    }
    CHECK_THROWS_AS(form_data().file("f", "x", "a/b\r\nX: 1", std::string_view()), practicus::error);
    CHECK_THROWS_AS(form_data().file("f", "x", "a/b", practicus::body_source()), practicus::error);
}

TEST_CASE("each form has a boundary of its own")
{
    CHECK(form_data().boundary() != form_data().boundary());
    CHECK(form_data().boundary().size() == 42);
}
