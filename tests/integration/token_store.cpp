// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// Clients, and processes, that share what they have fetched.

#include "fixture.hpp"
#include "forked.hpp"
#include "internals.hpp"
#include "temporary_folder.hpp"

#include <practicus/file_token_store.hpp>
#include <practicus/token_store.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using practicus::client_options;
using practicus::errc;
using practicus::file_token_store;
using practicus::secret;
using practicus::token;
using practicus::token_store;
using practicus::mock::token_type;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

/// For the clients of one process. Thread safety: full.
class memory_token_store final : public token_store
{
public:
    awaitable<secret> load(std::string key) override
    {
        std::lock_guard guard(state_->mutex);
        auto const found = state_->values.find(key);
        co_return found != state_->values.end() ? found->second : secret();
    }

    awaitable<void> save(std::string key, secret value) override
    {
        std::lock_guard guard(state_->mutex);
        state_->values[key] = std::move(value);
        co_return;
    }

    awaitable<void> remove(std::string key) override
    {
        std::lock_guard guard(state_->mutex);
        state_->values.erase(key);
        co_return;
    }

    awaitable<std::unique_ptr<lock>> acquire(std::string key) override
    {
        boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
        while (!state_->take(key)) {
            timer.expires_after(std::chrono::milliseconds(2));
            co_await timer.async_wait(boost::asio::use_awaitable);
        }
        co_return std::make_unique<held>(state_, std::move(key));
    }

private:
    struct state
    {
        bool take(std::string const& key)
        {
            std::lock_guard guard(mutex);
            return locked.insert(key).second;
        }

        std::mutex mutex;
        std::map<std::string, secret, std::less<>> values;
        std::set<std::string, std::less<>> locked;
    };

    class held final : public lock
    {
    public:
        held(std::shared_ptr<state> of, std::string key) : state_(std::move(of)), key_(std::move(key)) {}
        ~held() override
        {
            std::lock_guard guard(state_->mutex);
            state_->locked.erase(key_);
        }

    private:
        std::shared_ptr<state> state_;
        std::string key_;
    };

    std::shared_ptr<state> state_ = std::make_shared<state>();
};

struct scratch : temporary_folder
{
    std::vector<fs::path> files(char const* ending) const
    {
        std::vector<fs::path> found;
        for (auto const& entry : fs::directory_iterator(path))
            if (entry.path().extension() == ending) found.push_back(entry.path());
        return found;
    }
};

struct sharing : fixture
{
    explicit sharing(std::shared_ptr<token_store> s) : store(std::move(s)) {}

    practicus::client one(client_options options = client_options())
    {
        options.store = store;
        options.observer = [this](practicus::event const& e) {
            if (auto const* const failed = std::get_if<practicus::events::store_failed>(&e))
                failures.push_back(std::string(failed->message));
        };
        return user(std::move(options));
    }

    std::uint64_t logins() const { return server.count("POST auth/"); }
    std::uint64_t refreshes() const { return server.count("POST auth/refresh/"); }
    std::uint64_t ids() const { return server.count("GET model-meta"); }
    std::uint64_t trades() const { return server.count("GET modelhost/model-auth/"); }

    std::shared_ptr<token_store> store;
    std::vector<std::string> failures;
};

class broken_store final : public token_store
{
public:
    awaitable<secret> load(std::string) override
    {
        throw std::runtime_error("no disk");
        co_return secret();
    }
    awaitable<void> save(std::string, secret) override
    {
        throw std::runtime_error("no disk");
        co_return;
    }
    awaitable<void> remove(std::string) override
    {
        throw std::runtime_error("no disk");
        co_return;
    }
    awaitable<std::unique_ptr<lock>> acquire(std::string) override
    {
        throw std::runtime_error("no disk");
        co_return nullptr;
    }
};

/// One in memory, whose every call may be held up; what it holds is seen.
class watched_store final : public token_store
{
public:
    using hook = std::function<asio::awaitable<void>(std::string call, std::string key)>;

    awaitable<secret> load(std::string key) override
    {
        co_await meet("load", key);
        auto const found = values.find(key);
        co_return found != values.end() ? found->second : secret();
    }
    awaitable<void> save(std::string key, secret value) override
    {
        co_await meet("save", key);
        values[key] = value;
    }
    awaitable<void> remove(std::string key) override
    {
        co_await meet("remove", key);
        values.erase(key);
    }
    awaitable<std::unique_ptr<lock>> acquire(std::string) override { co_return nullptr; }

    /// Once, before the first such call that is about such a key.
    void once(std::string call, std::string key, std::function<asio::awaitable<void>()> then)
    {
        wanted_call_ = std::move(call);
        wanted_key_ = std::move(key);
        then_ = std::move(then);
    }
    bool met() const { return !then_; }

    /// Where it is held.
    std::vector<std::string> keys_of(std::string const& text) const
    {
        std::vector<std::string> result;
        for (auto const& [key, value] : values)
            if (value.reveal().find(text) != std::string_view::npos) result.push_back(key);
        return result;
    }

    std::map<std::string, secret> values;

private:
    awaitable<void> meet(std::string call, std::string key)
    {
        if (!then_ || call != wanted_call_ || !key.starts_with(wanted_key_)) co_return;
        auto const then = std::exchange(then_, nullptr);
        co_await then();
    }

    std::string wanted_call_, wanted_key_;
    std::function<asio::awaitable<void>()> then_;
};

/// Two administrators of a region that says nothing of its users.
struct nameless : sharing
{
    nameless() : sharing(std::make_shared<watched_store>())
    {
        auto& region = server.region();
        region.add(practicus::mock::user(sales, "s")).add(practicus::mock::user(labs, "l"));
        region.configure([&](auto& s) {
            s.username_at_login = false;
            s.username_at_refresh = false;
        });
        region.configure([&](auto& s) {
            s.alter_claims = [](token_type, boost::json::object& claims) {
                for (auto const* const name : {"user_id", "sub", "username", "email"})
                    claims.erase(name);
            };
        });
    }

    practicus::client by(char const* email, char const* password)
    {
        return client(options_with([&](auto& o) {
            o.store = store;
            o.credentials = practicus::credentials::password(email, password);
        }));
    }
    practicus::client by_sales() { return by(sales, "s"); }
    practicus::client by_labs() { return by(labs, "l"); }
    practicus::client by_refresh(token const& refresh)
    {
        return client(options_with([&](auto& o) {
            o.store = store;
            o.credentials = practicus::credentials::refresh_token(refresh.reveal());
        }));
    }

    watched_store& watched() { return static_cast<watched_store&>(*store); }

    static constexpr char const* sales = "admin@sales.company.com";
    static constexpr char const* labs = "admin@labs.company.com";
};

} // namespace

TEST_CASE("store: without user names from the region, tokens of a user with the same name are not shared")
{
    nameless f;
    auto const first = f.run(f.by_sales().session_token(f.model()));
    auto const other = f.run(f.by_labs().session_token(f.model()));
    CHECK(first != other);
    CHECK(f.logins() == 2);
    CHECK(f.trades() == 2);
    // Each finds what is its own.
    CHECK(f.run(f.by_labs().session_token(f.model())) == other);
    CHECK(f.logins() == 2);
    CHECK(f.run(f.by_sales().session_token(f.model())) == first);
    CHECK(f.trades() == 2);
    // The other one's login in the store is nothing to it.
    CHECK(f.logins() == 3);
}

TEST_CASE("store: a client that logs in as another of the same name keeps nothing of the one before")
{
    nameless f;
    bool const shares = GENERATE(false, true);
    auto client = f.client(shares ? options_with([&](auto& o) { o.store = f.store; }) : client_options());
    f.run(client.login(f.sales, "s"));
    auto const first = f.run(client.session_token(f.model()));
    f.run(client.login(f.labs, "l"));
    CHECK_FALSE(client.cached_session_token(f.model()));
    CHECK(f.run(client.session_token(f.model())) != first);
    CHECK(f.trades() == 2);
    CHECK(client.username() == "admin");
    // The same one again keeps it.
    auto const second = client.cached_session_token(f.model());
    f.run(client.login(f.labs, "l"));
    CHECK(client.cached_session_token(f.model()) == second);
}

TEST_CASE("store: a fetch that began as one user and ends as another is stored for neither")
{
    nameless f;
    auto client = f.by_sales();
    auto const& [call, key] = GENERATE(table<std::string, std::string>({{"load", "session token"},
                                                                        {"save", "session token"},
                                                                        {"load", "session id"},
                                                                        {"save", "session id"}}));
    INFO(call << ' ' << key);
    f.watched().once(call, key, [&] { return client.login(f.labs, "l"); });
    auto const got = f.run(client.session_token(f.model()));
    CHECK(f.watched().met());
    // It is labs' own, and stands where labs finds it.
    CHECK(f.watched().keys_of(std::string(got.reveal())).size() == 1);
    CHECK(f.run(f.by_labs().session_token(f.model())) == got);
    auto const before = f.trades();
    CHECK(f.run(f.by_sales().session_token(f.model())) != got);
    CHECK(f.trades() == before + 1);
}

TEST_CASE("store: two opaque logins do not share tokens")
{
    nameless f;
    f.server.region().configure([&](auto& s) { s.tokens = practicus::mock::token_shape::opaque; });
    f.server.region().configure([&](auto& s) { s.rotation = practicus::mock::rotation::blacklist_old; });
    auto const issue = [&](char const* email) {
        return token(secret(f.server.region().issue(token_type::refresh, email, 0)));
    };
    auto const sales = issue(f.sales), labs = issue(f.labs);
    auto const first = f.run(f.by_refresh(sales).session_token(f.model()));
    CHECK(f.refreshes() == 1);
    CHECK(f.run(f.by_refresh(labs).session_token(f.model())) != first);
    CHECK(f.refreshes() == 2);
    // A process that was given the same refresh token, which is dead by now, goes on with what came from it.
    CHECK(f.run(f.by_refresh(labs).session_token(f.model())));
    CHECK(f.refreshes() == 2);
    CHECK(f.trades() == 2);
}

TEST_CASE("store: a logout holds even if it comes during a save")
{
    sharing f(std::make_shared<watched_store>());
    auto& store = static_cast<watched_store&>(*f.store);
    auto client = f.one();
    auto const& [call, key] = GENERATE(table<std::string, std::string>({{"load", "login"},
                                                                        {"save", "login"},
                                                                        {"load", "session id"},
                                                                        {"save", "session id"},
                                                                        {"load", "session token"},
                                                                        {"save", "session token"}}));
    bool const by_hand = GENERATE(false, true);
    INFO(call << ' ' << key << (by_hand ? ", an explicit login" : ""));
    if (by_hand && call == "load" && key == "login") return;
    store.once(call, key, [&]() -> asio::awaitable<void> {
        client.logout();
        co_return;
    });
    try {
        if (by_hand) f.run(client.login("admin@company.com", "practicus"));
        f.run(client.session_token(f.model()));
    } catch (practicus::error const& e) {
        CHECK(e.code() == errc::login_required);
    }
    f.io.restart();
    f.io.run();
    CHECK(store.met());
    // No token is left of what was on its way: what was stored before may be.
    for (auto const& [name, value] : store.values) {
        INFO(name);
        CHECK(!name.starts_with("login"));
        CHECK(!name.starts_with("session token"));
    }
}

TEST_CASE("store: a login during the save of an earlier one is the stored one")
{
    nameless f;
    auto client = f.client(options_with([&](auto& o) { o.store = f.store; }));
    f.watched().once("save", "login", [&] { return client.login(f.labs, "l"); });
    f.run(client.login(f.sales, "s"));
    CHECK(f.watched().met());
    auto finding = f.client(options_with([&](auto& o) { o.store = f.store; }));
    f.run(finding.cluster_info());
    CHECK(f.logins() == 2);
    CHECK(f.run(finding.session_token(f.model())) == f.run(client.session_token(f.model())));
    auto labs = f.by_labs();
    f.run(labs.cluster_info());
    CHECK(f.logins() == 2);
}

TEST_CASE("store: a client finds what another has fetched: login, id and token")
{
    scratch dir;
    std::shared_ptr<token_store> store = std::make_shared<memory_token_store>();
    if (GENERATE(false, true)) store = std::make_shared<file_token_store>(dir.path.string());
    sharing f(store);
    auto const first = f.run(f.one().session_token(f.model()));
    auto const requests = f.server.count();
    auto other = f.one();
    CHECK(f.run(other.session_token(f.model())) == first);
    CHECK(other.username() == "admin");
    CHECK(f.server.count() == requests);
    // By the same access token.
    f.run(other.cluster_info());
    CHECK(f.logins() == 1);
    CHECK(f.failures.empty());
}

TEST_CASE("store: a refused token is not read from it again; a newer one is")
{
    sharing f(std::make_shared<memory_token_store>());
    auto a = f.one(), b = f.one();
    auto const first = f.run(a.session_token(f.model()));
    CHECK(f.run(b.session_token(f.model())) == first);
    CHECK(a.invalidate_session_token(f.model(), first));
    auto const second = f.run(a.session_token(f.model()));
    CHECK(second != first);
    CHECK(f.trades() == 2);
    CHECK(b.invalidate_session_token(f.model(), first));
    CHECK(f.run(b.session_token(f.model())) == second);
    CHECK(f.trades() == 2);
}

TEST_CASE("store: clients of a region that rotates and blacklists refresh in turn and stay logged in")
{
    sharing f(std::make_shared<memory_token_store>());
    f.server.region().configure([&](auto& s) { s.rotation = practicus::mock::rotation::blacklist_old; });
    std::vector<practicus::client> all;
    for (int i = 0; i != 5; ++i)
        all.push_back(f.one());
    for (std::uint64_t round = 0; round != 4; ++round) {
        if (round != 0) f.server.region().revoke(token_type::access);
        ends result;
        f.io.restart();
        for (auto const& c : all)
            asio::co_spawn(f.io, c.cluster_info(), result.handler());
        f.io.run();
        CHECK(result.served == 5);
        CHECK(f.refreshes() == round);
    }
    CHECK(f.logins() == 1);
}

TEST_CASE("store: a login that is cancelled is adopted, given to on_tokens and stored, or none of these")
{
    sharing f(std::make_shared<watched_store>());
    auto& values = static_cast<watched_store&>(*f.store).values;
    int given = 0;
    auto const client = f.client(options_with([&](auto& o) {
        o.store = f.store;
        o.on_tokens = [&](practicus::issued_tokens) -> asio::awaitable<void> {
            co_await asio::post(f.io, asio::use_awaitable);
            ++given;
        };
    }));
    int completed_after_cancellation = 0;
    bool served = false;
    for (int steps = 0; !served; ++steps) {
        REQUIRE(steps < 1000);
        CAPTURE(steps);
        given = 0;
        ends result;
        asio::cancellation_signal cancel;
        f.io.restart();
        asio::co_spawn(f.io, client.login("admin@company.com", "practicus"),
                       asio::bind_cancellation_slot(cancel.slot(), result.handler()));
        auto const has_ended = [&] { return result.served + result.aborted != 0; };
        for (int step = 0; step != steps && !has_ended(); ++step)
            f.io.run_one();
        cancel.emit(asio::cancellation_type::terminal);
        f.io.run();
        REQUIRE(has_ended());
        served = result.served != 0;
        bool const adopted = !client.username().empty();
        CHECK(given == (adopted ? 1 : 0));
        CHECK(values.empty() != adopted);
        CHECK((adopted || !served));
        if (adopted && !served) ++completed_after_cancellation;
        client.logout();
        f.io.restart();
        f.io.run();
        CHECK(values.empty());
    }
    CHECK(completed_after_cancellation > 0);
    CHECK(f.failures.empty());
}

TEST_CASE("store: a rotated refresh token is stored and given to on_tokens beside an expired access token")
{
    sharing f(std::make_shared<memory_token_store>());
    auto& region = f.server.region();
    region.configure([&](auto& s) { s.rotation = practicus::mock::rotation::blacklist_old; });
    std::vector<practicus::issued_tokens> given;
    auto client = f.one(options_with([&](auto& o) {
        o.on_tokens = [&](practicus::issued_tokens t) -> asio::awaitable<void> {
            given.push_back(std::move(t));
            co_return;
        };
    }));
    f.run(client.cluster_info());
    region.configure([&](auto& s) {
        s.alter_claims = [](token_type type, boost::json::object& claims) {
            if (type == token_type::access) claims["exp"] = claims.at("iat").as_int64() - 10;
        };
    });
    CHECK(f.failure(client.refresh()).code == errc::expired_token);
    REQUIRE(given.size() == 2);
    CHECK(given[1].refresh != given[0].refresh);
    region.configure([&](auto& s) { s.alter_claims = nullptr; });
    region.revoke(token_type::access);
    f.run(f.one().cluster_info());
    CHECK(f.logins() == 1);
    CHECK(f.refreshes() == 2);
}

TEST_CASE("store: a logout takes the login out of it")
{
    sharing f(std::make_shared<memory_token_store>());
    auto a = f.one();
    f.run(a.cluster_info());
    a.logout();
    f.io.restart();
    f.io.run();
    CHECK(f.failure(a.cluster_info()).code == errc::login_required);
    practicus::client other(f.io.get_executor(), f.server.url(),
                            options_with([&](auto& o) { o.store = f.store; }));
    CHECK(f.failure(other.cluster_info()).code == errc::login_required);
    f.run(f.one().cluster_info());
    CHECK(f.logins() == 2);
    // In a while it looks again.
    auto& clock = clock_of(other);
    clock.simulate(clock.now() + 5s, clock.system_now() + 5s);
    f.run(other.cluster_info());
    CHECK(f.logins() == 2);
}

TEST_CASE("store: a logout takes the login out of it although the client is gone before")
{
    sharing f(std::make_shared<memory_token_store>());
    {
        auto a = f.one();
        f.run(a.cluster_info());
        a.logout();
    }
    f.io.restart();
    f.io.run();
    practicus::client other(f.io.get_executor(), f.server.url(),
                            options_with([&](auto& o) { o.store = f.store; }));
    CHECK(f.failure(other.cluster_info()).code == errc::login_required);
}

TEST_CASE("store: an explicit login is verified by the region, and then used by the others")
{
    sharing f(std::make_shared<memory_token_store>());
    auto first = f.one();
    auto const stored = [&] { return options_with([&](auto& o) { o.store = f.store; }); };
    practicus::client proving(f.io.get_executor(), f.server.url(), stored());
    // In the same moment as another's.
    auto& now = clock_of(first);
    now.simulate(now.now(), now.system_now());
    clock_of(proving).simulate(now.now(), now.system_now());
    f.run(first.cluster_info());
    auto const given = f.server.region().issue(token_type::refresh, "admin@company.com", 0);
    f.run(proving.login(practicus::credentials::refresh_token(given)));
    CHECK(f.refreshes() == 1);
    practicus::client finding(f.io.get_executor(), f.server.url(), stored());
    f.run(finding.cluster_info());
    CHECK(f.refreshes() == 1);
    CHECK(f.logins() == 1);
}

TEST_CASE("store: tokens of a login that was ended or replaced are not stored afterwards")
{
    sharing f(std::make_shared<memory_token_store>());
    f.server.region().add(practicus::mock::user("berta@company.com", "b"));
    std::function<asio::awaitable<void>()> then;
    auto client = f.one(options_with([&](auto& o) {
        o.on_tokens = [&](practicus::issued_tokens) -> asio::awaitable<void> {
            if (auto const once = std::exchange(then, nullptr)) co_await once();
        };
    }));
    auto const renews = GENERATE(false, true);
    auto const leaves = GENERATE(false, true);
    if (renews) f.run(client.cluster_info());
    bool done = false;
    then = [&]() -> asio::awaitable<void> {
        if (leaves)
            client.logout();
        else
            co_await client.login("berta@company.com", "b");
        done = true;
    };
    try {
        f.run(renews ? client.refresh() : client.login("admin@company.com", "practicus"));
    } catch (practicus::error const&) {
        // Its own end is another matter.
    }
    CHECK(done);
    practicus::client finding(f.io.get_executor(), f.server.url(),
                              options_with([&](auto& o) { o.store = f.store; }));
    if (leaves) {
        CHECK(f.failure(finding.cluster_info()).code == errc::login_required);
    } else {
        f.run(finding.cluster_info());
        CHECK(finding.username() == "berta");
    }
    CHECK(f.refreshes() == (renews ? 1 : 0));
}

TEST_CASE("store: another user's login is not taken")
{
    sharing f(std::make_shared<memory_token_store>());
    f.server.region().add(practicus::mock::user("berta@company.com", "b"));
    f.run(f.one().session_token(f.model()));
    practicus::client berta(f.io.get_executor(), f.server.url(), options_with([&](auto& o) {
                                o.store = f.store;
                                o.credentials = practicus::credentials::password("berta@company.com", "b");
                            }));
    f.run(berta.session_token(f.model()));
    CHECK(berta.username() == "berta");
    CHECK(f.logins() == 2);
    CHECK(f.trades() == 2);
}

TEST_CASE("store: a redeployed model is removed")
{
    sharing f(std::make_shared<memory_token_store>());
    f.run(f.one().model_id(f.model()));
    practicus::mock::prefix const prefix("models-practicus", "models/practicus");
    f.server.region().remove_model(42).add(
        practicus::mock::model(142, "diamond-price", prefix,
                               {practicus::mock::version(1421, 1, practicus::mock::deployment("d", "D"))}));
    auto other = f.one();
    CHECK(f.run(other.session_token(f.model())));
    CHECK(f.run(other.model_id(f.model())) == 142);
    CHECK(f.ids() == 2);
}

TEST_CASE("store: an invalid id entry is ignored and replaced")
{
    sharing f(std::make_shared<watched_store>());
    auto& store = static_cast<watched_store&>(*f.store);
    f.run(f.one().model_id(f.model()));
    auto const entry = std::find_if(store.values.begin(), store.values.end(),
                                    [](auto const& e) { return e.first.starts_with("session id"); });
    REQUIRE(entry != store.values.end());
    auto const good = std::string(entry->second.reveal());
    auto const at = good.find("\"42\"");
    REQUIRE(at != good.npos);
    for (auto const* const garbage : {"x", "42x", "-42", "0", "99999999999999999999"}) {
        entry->second = secret(std::string(good).replace(at + 1, 2, garbage));
        auto const before = f.ids();
        CHECK(f.run(f.one().model_id(f.model())) == 42);
        CHECK(f.ids() == before + 1);
    }
    CHECK(f.run(f.one().model_id(f.model())) == 42);
    CHECK(f.ids() == 6);
}

TEST_CASE("store: entries stored by a clock ahead are fetched again, except for the refresh token")
{
    sharing f(std::make_shared<memory_token_store>());
    f.server.region().configure([&](auto& s) { s.rotation = practicus::mock::rotation::blacklist_old; });
    auto first = f.one(), second = f.one();
    auto& ahead = clock_of(first);
    ahead.simulate(ahead.now(), ahead.system_now() + 3h);
    auto const token = f.run(first.session_token(f.model()));
    CHECK(f.run(second.session_token(f.model())) != token);
    // The region has replaced the password's refresh token since: there is one chain.
    CHECK(f.logins() == 1);
    CHECK(f.refreshes() == 1);
    CHECK(f.trades() == 2);
    f.server.region().revoke(token_type::access);
    f.run(first.cluster_info());
    f.run(second.cluster_info());
    CHECK(f.logins() == 1);
}

TEST_CASE("store: a failing store is bypassed, and reported to the observer")
{
    sharing f(std::make_shared<broken_store>());
    CHECK(f.run(f.one().session_token(f.model())));
    REQUIRE(!f.failures.empty());
    CHECK(f.failures[0] == "no disk");
}

TEST_CASE("store: files are private; a readable or malformed file is ignored")
{
    scratch dir;
    auto const inner = (dir.path / "inner").string();
    sharing f(std::make_shared<file_token_store>(inner));
    f.run(f.one().cluster_info());
    struct stat is
    {};
    REQUIRE(::stat(inner.c_str(), &is) == 0);
    CHECK((is.st_mode & 0777) == 0700);
    std::vector<fs::path> found;
    for (auto const& entry : fs::directory_iterator(inner)) {
        REQUIRE(::stat(entry.path().c_str(), &is) == 0);
        CHECK((is.st_mode & 0777) == 0600);
        CHECK((entry.path().extension() == ".json" || entry.path().extension() == ".lock"));
        if (entry.path().extension() == ".json") found.push_back(entry.path());
    }
    REQUIRE(found.size() == 1);
    f.run(f.one().cluster_info());
    CHECK(f.logins() == 1);
    fs::permissions(found[0], fs::perms(0644));
    f.run(f.one().cluster_info());
    CHECK(f.logins() == 2);
    REQUIRE(f.failures.size() == 1);
    CHECK(f.failures[0].find("chmod 600") != std::string::npos);
    // That one was replaced by one of the right mode.
    f.run(f.one().cluster_info());
    CHECK(f.logins() == 2);
    for (auto const* const garbage : {"", "{", "[]", R"({"value":"a b"})"}) {
        std::ofstream(found[0]) << garbage;
        auto const before = f.logins();
        f.run(f.one().cluster_info());
        CHECK(f.logins() == before + 1);
    }
}

TEST_CASE("store: a lock held by another process blocks only its own entry, and for a limited time")
{
    scratch dir;
    sharing f(std::make_shared<file_token_store>(dir.path.string(), 60s));
    f.run(f.one().cluster_info());
    auto const lock = dir.files(".lock");
    REQUIRE(lock.size() == 1);
    int const held = ::open(lock[0].c_str(), O_RDWR | O_CLOEXEC);
    REQUIRE(::flock(held, LOCK_EX | LOCK_NB) == 0);
    f.server.region().revoke(token_type::access);
    ends waiting;
    auto waits = f.one(), goes = f.user();
    f.io.restart();
    asio::co_spawn(f.io, waits.cluster_info(), waiting.handler());
    bool done = false;
    asio::co_spawn(f.io, goes.cluster_info(),
                   [&](std::exception_ptr e, practicus::cluster_info) { done = !e; });
    poll_until(f.io, [&] { return done; });
    CHECK(waiting.served == 0);
    ::close(held);
    f.io.run();
    CHECK(waiting.served == 1);
    CHECK(f.failures.empty());

    int const again = ::open(lock[0].c_str(), O_RDWR | O_CLOEXEC);
    REQUIRE(::flock(again, LOCK_EX | LOCK_NB) == 0);
    f.store = std::make_shared<file_token_store>(dir.path.string(), 1ms);
    f.run(f.one().cluster_info());
    CHECK(f.failures.size() == 1);
    ::close(again);
}

namespace {

/// One whose locks are all held by a process that is stopped, or that does not respond at all.
class stopped_store final : public token_store
{
public:
    awaitable<secret> load(std::string) override
    {
        if (hangs) co_await hang();
        co_return secret();
    }
    awaitable<void> save(std::string, secret) override { co_return; }
    awaitable<void> remove(std::string) override { co_return; }
    awaitable<std::unique_ptr<lock>> acquire(std::string) override
    {
        co_await hang();
        co_return nullptr;
    }

    bool hangs = false;
    int waits = 0;

private:
    awaitable<void> hang()
    {
        ++waits;
        asio::steady_timer timer(co_await asio::this_coro::executor);
        timer.expires_at(asio::steady_timer::time_point::max());
        co_await timer.async_wait(asio::use_awaitable);
    }
};

} // namespace

TEST_CASE("store: three locks held by a stopped process cost a part of the deadline, and are reported")
{
    auto const stopped = std::make_shared<stopped_store>();
    sharing f(stopped);
    auto const client = f.one();
    auto& clock = stopped_clock_of(client);
    ends result;
    f.io.restart();
    asio::co_spawn(f.io, client.session_token(f.model()), result.handler());
    std::chrono::milliseconds waited{0};
    for (std::chrono::milliseconds const part : {15000ms, 1500ms, 1500ms}) {
        poll_until(f.io, [&] { return stopped->waits == static_cast<int>(f.failures.size()) + 1; });
        auto const failures = f.failures.size();
        clock.advance(part);
        waited += part;
        poll_until(f.io, [&] { return f.failures.size() == failures + 1; });
    }
    poll_until(f.io, [&] { return result.served == 1; });
    CHECK(stopped->waits == 3);
    CHECK(waited < 20s);
    REQUIRE(f.failures.size() == 3);
    CHECK(f.failures[0].starts_with("the lock of 'login http://"));
}

TEST_CASE("store: a store that does not respond costs a part of the deadline, and is reported")
{
    auto const stopped = std::make_shared<stopped_store>();
    stopped->hangs = true;
    sharing f(stopped);
    auto const client = f.one();
    auto& clock = stopped_clock_of(client);
    ends result;
    f.io.restart();
    asio::co_spawn(f.io, client.session_token(f.model()), result.handler());
    for (std::chrono::milliseconds const part : {15000ms, 1500ms, 1500ms, 1500ms, 1500ms, 1500ms}) {
        poll_until(f.io, [&] { return stopped->waits == static_cast<int>(f.failures.size()) + 1; });
        auto const failures = f.failures.size();
        clock.advance(part);
        poll_until(f.io, [&] { return f.failures.size() == failures + 1; });
    }
    poll_until(f.io, [&] { return result.served == 1; });
    CHECK(stopped->waits == 6);
    REQUIRE(f.failures.size() == 6);
    CHECK(f.failures[1] == "the token store takes too long");
}

TEST_CASE("store: a client that is closed does not wait for a lock")
{
    scratch dir;
    sharing f(std::make_shared<file_token_store>(dir.path.string(), 60s));
    f.run(f.one().cluster_info());
    int const held = ::open(dir.files(".lock").at(0).c_str(), O_RDWR | O_CLOEXEC);
    REQUIRE(::flock(held, LOCK_EX | LOCK_NB) == 0);
    ends result;
    auto waits = f.one();
    f.io.restart();
    asio::co_spawn(f.io, waits.cluster_info(), result.handler());
    for (int i = 0; i != 100; ++i)
        f.io.poll();
    waits.close();
    f.io.run();
    CHECK(result.closed == 1);
    ::close(held);
}

// Is started by the test below.
TEST_CASE("store: one process of many", "[.child]")
{
    auto const* const url = std::getenv("PRACTICUS_TEST_URL");
    auto const* const dir = std::getenv("PRACTICUS_TEST_STORE");
    if (url == nullptr || dir == nullptr) return;
    asio::io_context io;
    practicus::client const c(io.get_executor(), url, options_with([&](auto& o) {
                                  o.credentials = fixture::password();
                                  o.store = std::make_shared<file_token_store>(dir);
                              }));
    int served = 0;
    for (auto const* const path : {"/models/practicus/diamond-price/", "/models/finance/loan-risk/"})
        asio::co_spawn(io, c.session_token(std::string(url) + path),
                       [&](std::exception_ptr e, token) { served += !e; });
    io.run();
    CHECK(served == 2);
}

TEST_CASE("store: fifty processes that start together log in once, and fetch each model's token once")
{
    scratch dir;
    fixture f;
    std::vector<pid_t> children;
    for (int i = 0; i != 50; ++i)
        children.push_back(
            start_test("store: one process of many", {"PRACTICUS_TEST_URL=" + f.server.url(),
                                                      "PRACTICUS_TEST_STORE=" + dir.path.string()}));
    int failed = 0;
    for (auto const child : children) {
        int status = -1;
        ::waitpid(child, &status, 0);
        failed += status != 0;
    }
    CHECK(failed == 0);
    CHECK(f.server.count("POST auth/") == 1);
    CHECK(f.server.count("GET model-meta") == 2);
    CHECK(f.server.count("GET modelhost/model-auth/") == 2);
}
