// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "fixture.hpp"

#include "internals.hpp"
#include "refusing_executor.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#ifdef PRACTICUS_TEST_COBALT
#include <boost/cobalt.hpp>
#endif

#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

using practicus::client;
using practicus::errc;
using practicus::error_code;
using practicus::error_info;

/// How the handler of a cluster's names was called.
struct handled
{
    int times = 0;
    error_code code;
    std::string region;

    auto handler()
    {
        return [this](error_code with, practicus::cluster_info found) {
            ++times;
            code = with;
            region = std::move(found.region_name);
        };
    }
};

/// A client that has an access token, and a region whose next response for the cluster's names waits.
struct held_response : fixture
{
    held_response()
    {
        run(caller.cluster_info());
        server.expect("GET", cluster_path).hold(gate);
    }
    ~held_response() { gate.open(); }

    practicus::client caller = user();
    practicus::mock::gate gate;
};

/// Counts what the handler's memory costs.
template <class T>
struct counting_allocator
{
    using value_type = T;

    explicit counting_allocator(int& count) : allocations(&count) {}
    template <class Other>
    counting_allocator(counting_allocator<Other> const& other) : allocations(other.allocations)
    {}

    T* allocate(std::size_t n)
    {
        ++*allocations;
        return std::allocator<T>().allocate(n);
    }
    void deallocate(T* p, std::size_t n) { std::allocator<T>().deallocate(p, n); }

    friend bool operator==(counting_allocator const& a, counting_allocator const& b)
    {
        return a.allocations == b.allocations;
    }

    int* allocations;
};

void run_all(asio::io_context& io)
{
    io.restart();
    io.run();
}

/// The code that an operation of a token ends with, and what `with_error_info` says.
struct refusing_region
{
    fixture f;
    practicus::client caller = f.client();
    error_code code;
    error_info info;

    auto token()
    {
        return practicus::with_error_info([this](error_code with, auto&&...) { code = with; }, info);
    }
    void ends_with(errc expected)
    {
        CHECK_FALSE(code);
        run_all(f.io);
        CHECK(code == expected);
        CHECK(info.code == expected);
        code = {};
    }
};

} // namespace

TEST_CASE("a callback gets a result after the initiating function has returned")
{
    fixture f;
    auto caller = f.user();
    handled end;
    asio::post(f.io, [&] {
        caller.cluster_info(end.handler());
        CHECK(end.times == 0);
    });
    run_all(f.io);
    CHECK((end.times == 1 && !end.code && end.region == "mock"));
}

TEST_CASE("a callback gets an error after the initiating function has returned")
{
    fixture f;
    auto caller = f.user();
    caller.close();
    handled end;
    asio::post(f.io, [&] {
        caller.cluster_info(end.handler());
        CHECK(end.times == 0);
    });
    run_all(f.io);
    CHECK((end.times == 1 && end.code == errc::client_closed));
}

TEST_CASE("a cached session token reaches a callback after the initiating function has returned")
{
    fixture f;
    auto caller = f.user();
    auto const cached = f.run(caller.session_token(f.model()));
    practicus::token got;
    asio::post(f.io, [&] {
        caller.session_token(f.model(), [&](error_code, practicus::token t) { got = std::move(t); });
        CHECK(got.empty());
    });
    run_all(f.io);
    CHECK(got == cached);
}

TEST_CASE("a token that has a name is copied, and serves another operation")
{
    fixture f;
    auto caller = f.user();
    int served = 0;
    std::function<void(error_code, practicus::cluster_info)> named = [&](error_code code, auto const&) {
        served += !code;
    };
    error_info info;
    auto const adapted = practicus::with_error_info(named, info);
    caller.cluster_info(named);
    caller.cluster_info(named);
    caller.cluster_info(adapted);
    caller.cluster_info(adapted);
    run_all(f.io);
    CHECK(served == 4);
}

TEST_CASE("every operation takes as_tuple(deferred), with and without its optional arguments")
{
    fixture f;
    auto const all = [&](client c) -> asio::awaitable<int> {
        int succeeded = 0;
        auto const token = asio::as_tuple(asio::deferred);
        auto const model = c.model_url("models/practicus", "diamond-price");
        auto const app = c.app_url("apps/tools", "viewer");
        auto const note = [&](auto const& ended) { succeeded += !std::get<0>(ended); };
        auto login = c.login("admin@company.com", "practicus", token);
        note(co_await std::move(login));
        auto again = c.login(fixture::password(), token);
        note(co_await std::move(again));
        auto refresh = c.refresh(token);
        note(co_await std::move(refresh));
        auto cluster = c.cluster_info(token);
        note(co_await std::move(cluster));
        auto model_prefixes = c.model_prefixes(token);
        note(co_await std::move(model_prefixes));
        auto models = c.models(token);
        note(co_await std::move(models));
        auto deployments = c.model_deployments(token);
        note(co_await std::move(deployments));
        auto app_prefixes = c.app_prefixes(token);
        note(co_await std::move(app_prefixes));
        auto apps = c.apps(token);
        note(co_await std::move(apps));
        auto addons = c.addons(token);
        note(co_await std::move(addons));
        auto id = c.model_id(model, token);
        note(co_await std::move(id));
        auto metadata = c.model_metadata(model, token);
        note(co_await std::move(metadata));
        auto model_token = c.session_token(model, token);
        note(co_await std::move(model_token));
        auto upload = c.session_token(model, practicus::token_purpose::upload, token);
        note(co_await std::move(upload));
        auto app_token = c.session_token(app, token);
        note(co_await std::move(app_token));
        auto app_upload = c.session_token(app, practicus::token_purpose::upload, token);
        note(co_await std::move(app_upload));
        auto addon_token = c.addon_session_token("langflow", token);
        note(co_await std::move(addon_token));
        auto plain = c.predict(model, "carat\n1\n", token);
        note(co_await std::move(plain));
        auto with_options = c.predict(model, "carat\n1\n", practicus::predict_options(), token);
        note(co_await std::move(with_options));
        auto pieces = [left = 1]() mutable -> asio::awaitable<std::string> {
            co_return left-- > 0 ? std::string("carat\n1\n") : std::string();
        };
        auto from_source = c.predict(model, practicus::body_source(pieces), token);
        note(co_await std::move(from_source));
        auto both = c.predict(model, practicus::body_source(pieces), practicus::predict_options(), token);
        note(co_await std::move(both));
        co_return succeeded;
    };
    CHECK(f.run(all(f.client())) == 21);
}

TEST_CASE("as_tuple(deferred) gives a code and starts nothing before it is awaited")
{
    fixture f;
    auto const caller = f.client();
    auto const failing = [](client c) -> asio::awaitable<error_code> {
        auto operation = c.models(asio::as_tuple(asio::deferred));
        auto const ended = co_await std::move(operation);
        co_return std::get<0>(ended);
    };
    {
        auto const unused = caller.models(asio::as_tuple(asio::deferred));
        run_all(f.io);
    }
    CHECK(f.run(failing(caller)) == errc::login_required);
}

TEST_CASE("redirect_error gives a code to use_awaitable")
{
    fixture f;
    auto const failing = [](client c) -> asio::awaitable<error_code> {
        error_code code;
        auto operation = c.models(asio::redirect_error(asio::use_awaitable, code));
        co_await std::move(operation);
        co_return code;
    };
    CHECK(f.run(failing(f.client())) == errc::login_required);
    CHECK_FALSE(f.run(failing(f.user())));
}

TEST_CASE("use_future gives a result or throws the code")
{
    fixture f;
    auto good = f.user().cluster_info(asio::use_future);
    auto bad = f.client().cluster_info(asio::use_future);
    run_all(f.io);
    CHECK(good.get().region_name == "mock");
    try {
        bad.get();
        FAIL("the operation succeeded");
    } catch (boost::system::system_error const& e) {
        CHECK(e.code() == errc::login_required);
    }
}

TEST_CASE("a coroutine of an io_context's own executor type awaits an operation")
{
    fixture f;
    using executor = asio::io_context::executor_type;
    std::string region;
    auto const flow = [&](client c) -> asio::awaitable<void, executor> {
        auto operation = c.cluster_info(asio::use_awaitable_t<executor>());
        auto const found = co_await std::move(operation);
        region = found.region_name;
    };
    asio::co_spawn(f.io.get_executor(), flow(f.user()), asio::detached);
    run_all(f.io);
    CHECK(region == "mock");
}

TEST_CASE("a handler runs on its own executor: a strand of the client's context or of another")
{
    fixture f;
    auto const caller = f.user();
    asio::io_context other;
    for (auto* const context : {&f.io, &other}) {
        auto const strand = asio::make_strand(*context);
        bool inside = false;
        caller.cluster_info(asio::bind_executor(
            strand, [&](error_code, practicus::cluster_info) { inside = strand.running_in_this_thread(); }));
        poll_until(f.io, [&] {
            other.restart();
            other.poll();
            return inside;
        });
        CHECK(inside);
    }
}

TEST_CASE("an operation in flight is work of its handler's executor")
{
    held_response f;
    asio::io_context home, other;
    client const caller(home, f.server.url(), options_as(fixture::password()));
    handled end;
    caller.cluster_info(asio::bind_executor(other, end.handler()));
    CHECK(other.poll() > 0);
    CHECK_FALSE(other.stopped());
    f.gate.open();
    std::thread running([&] { home.run(); });
    other.run();
    running.join();
    CHECK((end.times == 1 && !end.code));
}

TEST_CASE("a handler's allocator gives the memory of the handler")
{
    fixture f;
    int allocations = 0;
    handled end;
    f.user().cluster_info(asio::bind_allocator(counting_allocator<void>(allocations), end.handler()));
    CHECK(allocations > 0);
    run_all(f.io);
    CHECK((end.times == 1 && !end.code));
}

TEST_CASE("every type of cancellation ends an operation through its slot")
{
    for (auto const type : {asio::cancellation_type::terminal, asio::cancellation_type::partial,
                            asio::cancellation_type::total}) {
        held_response f;
        asio::cancellation_signal cancel;
        handled end;
        f.caller.cluster_info(asio::bind_cancellation_slot(cancel.slot(), end.handler()));
        poll_until(f.io, [&] { return f.gate.waiting() == 1; });
        cancel.emit(type);
        run_all(f.io);
        CHECK((end.times == 1 && end.code == asio::error::operation_aborted));
        cancel.emit(type); // of nothing
    }
}

TEST_CASE("a cancellation right after the initiating function ends an operation")
{
    fixture f;
    auto const caller = f.user();
    asio::cancellation_signal cancel;
    handled end;
    caller.cluster_info(asio::bind_cancellation_slot(cancel.slot(), end.handler()));
    cancel.emit(asio::cancellation_type::total);
    run_all(f.io);
    CHECK((end.times == 1 && end.code == asio::error::operation_aborted));
}

TEST_CASE("a cancellation ends an operation whose executor refuses it at first")
{
    for (std::size_t refused = 0; refused != 3; ++refused) {
        held_response f;
        executions counted;
        refusing_executor const executor(f.io.get_executor(), counted);
        asio::cancellation_signal cancel;
        handled end;
        f.caller.cluster_info(
            asio::bind_cancellation_slot(cancel.slot(), asio::bind_executor(executor, end.handler())));
        poll_until(f.io, [&] { return f.gate.waiting() == 1; });
        counted.first = counted.calls + refused;
        counted.count = 1;
        CHECK_NOTHROW(cancel.emit(asio::cancellation_type::terminal));
        CHECK_NOTHROW(run_all(f.io));
        CHECK(counted.calls > counted.first);
        CHECK((end.times == 1 && end.code == asio::error::operation_aborted));
    }
}

TEST_CASE("a slot of another context's handler ends an operation")
{
    held_response f;
    asio::io_context other;
    asio::cancellation_signal cancel;
    handled end;
    f.caller.cluster_info(
        asio::bind_cancellation_slot(cancel.slot(), asio::bind_executor(other, end.handler())));
    poll_until(f.io, [&] {
        other.poll();
        return f.gate.waiting() == 1;
    });
    cancel.emit(asio::cancellation_type::total);
    other.run();
    CHECK((end.times == 1 && end.code == asio::error::operation_aborted));
    run_all(f.io);
}

TEST_CASE("detached starts an operation")
{
    fixture f;
    f.user().cluster_info(asio::detached);
    run_all(f.io);
    CHECK(f.server.count("GET central/clusterdefinition/") == 1);
}

TEST_CASE("awaitable operators combine operations, and cancel the slower one")
{
    using namespace asio::experimental::awaitable_operators;
    held_response f;
    auto const held = [&]() -> asio::awaitable<void> {
        while (f.gate.waiting() == 0) {
            auto others = asio::post(asio::deferred);
            co_await std::move(others);
        }
    };
    auto const flow = [&](client c) -> asio::awaitable<std::size_t> {
        auto either = c.cluster_info(asio::use_awaitable) || held();
        auto const first = co_await std::move(either);
        auto both = c.models() && c.apps(asio::use_awaitable);
        auto const [models, apps] = co_await std::move(both);
        co_return first.index() * models.size() * apps.size();
    };
    CHECK(f.run(flow(f.caller)) > 0);
}

TEST_CASE("a handler of an erased type completes on its executor, and can be cancelled")
{
    using erased = asio::any_completion_handler<void(error_code, practicus::cluster_info)>;
    held_response f;
    asio::io_context other;
    asio::cancellation_signal cancel;
    handled first, second;
    f.caller.cluster_info(
        erased(asio::bind_cancellation_slot(cancel.slot(), asio::bind_executor(other, first.handler()))));
    poll_until(f.io, [&] { return f.gate.waiting() == 1; });
    cancel.emit(asio::cancellation_type::total);
    run_all(f.io);
    CHECK(first.times == 0);
    other.run();
    CHECK((first.times == 1 && first.code == asio::error::operation_aborted));
    f.caller.cluster_info(erased(second.handler()));
    run_all(f.io);
    CHECK((second.times == 1 && !second.code));
}

#ifdef PRACTICUS_TEST_COBALT
TEST_CASE("a Boost.Cobalt task awaits an operation")
{
    fixture f;
    auto const flow = [](client c) -> boost::cobalt::task<std::string> {
        auto const found = co_await c.cluster_info(boost::cobalt::use_op);
        co_return found.region_name;
    };
    auto region = boost::cobalt::spawn(f.io, flow(f.user()), asio::use_future);
    run_all(f.io);
    CHECK(region.get() == "mock");
}
#endif

TEST_CASE("a client is made on an execution context, and tells its executor")
{
    fixture f;
    client const caller(f.io, f.server.url());
    STATIC_REQUIRE(std::is_same_v<client::executor_type, asio::any_io_executor>);
    CHECK(caller.get_executor() == client::executor_type(f.io.get_executor()));
    auto io = std::make_unique<asio::io_context>();
    client const gone(*io, f.server.url());
    io.reset();
    CHECK_FALSE(gone.get_executor());
}

TEST_CASE("a context that is destroyed takes its handlers along, and ends those of others")
{
    held_response f;
    f.server.expect("GET", cluster_path).hold(f.gate);
    auto home = std::make_unique<asio::io_context>();
    client const caller(*home, f.server.url(), options_as(fixture::password()));
    auto const witness = std::make_shared<int>(0);
    handled inside, outside, late;
    caller.cluster_info([witness, h = inside.handler()](auto... args) mutable { h(std::move(args)...); });
    caller.cluster_info(asio::bind_executor(f.io, outside.handler()));
    poll_until(f.io, [&] {
        home->poll();
        return f.gate.waiting() == 2;
    });
    CHECK(witness.use_count() == 2);
    home.reset();
    CHECK(witness.use_count() == 1);
    caller.cluster_info(asio::bind_executor(f.io, late.handler()));
    caller.cluster_info(inside.handler());
    run_all(f.io);
    CHECK(inside.times == 0);
    CHECK((outside.times == 1 && outside.code == asio::error::operation_aborted));
    CHECK((late.times == 1 && late.code == asio::error::operation_aborted));
}

TEST_CASE("a handler's context that is destroyed first takes the handler along")
{
    held_response f;
    auto other = std::make_unique<asio::io_context>();
    auto const witness = std::make_shared<int>(0);
    handled end;
    f.caller.cluster_info(asio::bind_executor(
        *other, [witness, h = end.handler()](auto... args) mutable { h(std::move(args)...); }));
    poll_until(f.io, [&] {
        other->poll();
        return f.gate.waiting() == 1;
    });
    other.reset();
    CHECK(witness.use_count() == 1);
    f.gate.open();
    run_all(f.io);
    CHECK(end.times == 0);
}

TEST_CASE("errors of arguments arrive through the completion")
{
    refusing_region f;
    f.caller.addon_session_token("", f.token());
    f.ends_with(errc::invalid_argument);
    f.caller.addon_session_token("https://127.0.0.1/", f.token());
    f.ends_with(errc::invalid_url);
    f.caller.login("", "", f.token());
    f.ends_with(errc::invalid_credentials);
    f.caller.predict(f.f.model(), practicus::body_source(), f.token());
    f.ends_with(errc::invalid_argument);
}

TEST_CASE("errors of arguments are thrown when an awaitable is awaited")
{
    fixture f;
    auto const caller = f.client();
    auto addon = caller.addon_session_token("");
    auto login = caller.login("", "");
    auto source = caller.predict(f.model(), practicus::body_source());
    CHECK(f.failure(std::move(addon)).code == errc::invalid_argument);
    CHECK(f.failure(std::move(login)).code == errc::invalid_credentials);
    CHECK(f.failure(std::move(source)).code == errc::invalid_argument);
}

TEST_CASE("what a callback throws reaches a handler as callback_failed, and a coroutine unchanged")
{
    fixture f;
    auto const caller = f.user();
    practicus::body_source const broken = []() -> asio::awaitable<std::string> {
        throw std::out_of_range("nothing left");
        co_return "";
    };
    error_code code;
    error_info info;
    caller.predict(f.model(), broken,
                   practicus::with_error_info([&](error_code c, auto&&) { code = c; }, info));
    run_all(f.io);
    CHECK(code == errc::callback_failed);
    CHECK(info.code == errc::callback_failed);
    REQUIRE(info.exception);
    CHECK_THROWS_AS(std::rethrow_exception(info.exception), std::out_of_range);
    CHECK_THROWS_AS(f.run(caller.predict(f.model(), broken)), std::out_of_range);
}

TEST_CASE("with_error_info stores a failure, clears after a success, and nests with other adapters")
{
    fixture f;
    auto const flow = [](client c, bool inside) -> asio::awaitable<error_info> {
        error_info info;
        info.message = "of an earlier call";
        error_code code;
        if (inside) {
            auto operation = c.models(practicus::with_error_info(asio::as_tuple(asio::deferred), info));
            code = std::get<0>(co_await std::move(operation));
        } else {
            auto operation = c.models(asio::as_tuple(practicus::with_error_info(asio::deferred, info)));
            code = std::get<0>(co_await std::move(operation));
        }
        CHECK(code == info.code);
        error_info redirected;
        auto operation =
            c.models(asio::redirect_error(practicus::with_error_info(asio::use_awaitable, redirected), code));
        co_await std::move(operation);
        CHECK(code == redirected.code);
        co_return info;
    };
    f.server.expect("GET", "/console/api/modelhost/models/").reply(403, R"({"detail":"No."})").times(4);
    for (bool const inside : {false, true}) {
        auto const info = f.run(flow(f.user(), inside));
        CHECK((info.status == 403 && info.server_message == "No."));
    }
    CHECK(f.run(flow(f.user(), true)).message.empty());
    error_info info;
    handled end;
    f.client().cluster_info(asio::bind_executor(f.io, practicus::with_error_info(end.handler(), info)));
    run_all(f.io);
    CHECK((end.code == errc::login_required && info.code == end.code));
}
