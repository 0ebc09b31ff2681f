// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "catch.hpp"
#include "unit/freed_memory.hpp"

#include <practicus/detail/tokens/session.hpp>

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <future>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>

using namespace practicus::detail;
using practicus::client_options;
using practicus::credentials;
using practicus::secret;
using practicus::service_url;
using practicus::token;

namespace {

/// Counts the removals.
class counting_store final : public practicus::token_store
{
public:
    awaitable<secret> load(std::string) override { co_return secret(); }
    awaitable<void> save(std::string, secret) override { co_return; }
    awaitable<void> remove(std::string) override
    {
        ++removals;
        co_return;
    }
    awaitable<std::unique_ptr<lock>> acquire(std::string) override { co_return nullptr; }

    int removals = 0;
};

/// A question to a login, which needs its mutex.
struct asked_at_end
{
    current_login* of = nullptr;
    bool answered = false;
    std::future<std::string> answer;
};

/// Asks at its end, in another thread.
struct at_end
{
    explicit at_end(asked_at_end& a) : asked(a) {}
    at_end(at_end const&) = delete;
    at_end& operator=(at_end const&) = delete;
    ~at_end()
    {
        if (asked.of == nullptr) return;
        asked.answer = std::async(std::launch::async, [of = asked.of] { return of->username(); });
        // Bounds the wait for a mutex that this thread holds.
        asked.answered = asked.answer.wait_for(std::chrono::seconds(5)) == std::future_status::ready;
    }

    asked_at_end& asked;
};

/// A client that is logged in and shares its login.
struct logged_in
{
    logged_in()
    {
        client_options options;
        options.store = store;
        options.observer = [this](practicus::event const&) { ++events; };
        made = std::make_shared<session>(client_runtime::make(io.get_executor()),
                                         service_url("http://127.0.0.1:1"), std::move(options));
        console_api::new_tokens const tokens{token(secret("refresh")), token(secret("access")), "anna"};
        lifespan const life({}, std::chrono::minutes(30), access_token_limits, 0.5);
        auto& login = made->access().current();
        auto const user = credentials::password("anna@company.com", "x");
        REQUIRE(login.adopt_login(user, tokens, life, {}, 0).has_value());
    }

    bool is_logged_in() const { return !made->access().current().state().refresh().empty(); }

    boost::asio::io_context io;
    std::shared_ptr<counting_store> store = std::make_shared<counting_store>();
    std::shared_ptr<session> made;
    int events = 0;
};

} // namespace

TEST_CASE("a logout that throws changes nothing")
{
    bool refused = true;
    for (int which = 0; refused; ++which) {
        REQUIRE(which < 100);
        logged_in f;
        bool thrown = false;
        {
            refused_memory const memory(which);
            try {
                f.made->access().logout();
            } catch (std::bad_alloc const&) {
                thrown = true;
            }
            refused = memory.happened();
        }
        f.io.run();
        CHECK(f.is_logged_in() == thrown);
        CHECK(f.store->removals == (thrown ? 0 : 1));
        CHECK(f.events == 0);
    }
}

TEST_CASE("the source of a given token is destroyed without the login's mutex")
{
    for (int const way : {0, 1, 2}) {
        asked_at_end asked;
        boost::asio::io_context io;
        client_options options;
        options.credentials = credentials::session_token(
            [end = std::make_shared<at_end>(asked)](secret const&) { return secret("opaque"); });
        auto const made = std::make_shared<session>(client_runtime::make(io.get_executor()),
                                                    service_url("http://127.0.0.1:1"), std::move(options));
        auto& login = made->access().current();
        asked.of = &login;
        if (way == 0) login.replace(credentials::session_token("other"));
        if (way == 1) made->access().logout();
        if (way == 2) {
            console_api::new_tokens const tokens{token(secret("refresh")), token(secret("access")), "anna"};
            auto const by = credentials::password("anna@company.com", "x");
            REQUIRE(login.adopt_login(by, tokens, lifespan::unlimited(), {}, 0).has_value());
        }
        CHECK(asked.answered);
    }
}

TEST_CASE("a logout lets go of the last copy of a password that is kept")
{
    boost::asio::io_context io;
    std::optional<credentials> user =
        credentials::password("anna@company.com", "hunter2 and more").keep_password();
    freed_memory const memory("hunter2 and more", user->value().reveal().data());
    std::shared_ptr<session> made;
    {
        client_options options;
        options.credentials = *user;
        user.reset();
        made = std::make_shared<session>(client_runtime::make(io.get_executor()),
                                         service_url("http://127.0.0.1:1"), std::move(options));
    }
    CHECK_FALSE(memory.block_freed());
    made->access().logout();
    CHECK(memory.block_freed());
    CHECK(memory.found() == 0);
}
