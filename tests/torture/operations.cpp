// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// Runs each operation while allocations fail, or an executor throws. It must end once memory is available
// again, leak nothing, and succeed afterwards. The mock region has a thread of its own without failures.

#include "integration/fixture.hpp"
#include "refusing_executor.hpp"
#include "torture/refusal.hpp"

#include <practicus/batch.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>

#include <csignal>
#include <cstdlib>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <new>
#include <vector>

#include <unistd.h>

namespace {

enum class kind
{
    login,
    session_token,
    models,
    models_as_tuple,
    models_by_handler,
    predict,
    predict_batches,
    predict_lines
};

std::string const text = "carat,cut\n1,good\n2,fair\n3,good\n";

asio::awaitable<std::string> next_of(std::deque<std::string>& pieces)
{
    if (pieces.empty()) co_return std::string();
    auto piece = std::move(pieces.front());
    pieces.pop_front();
    co_return piece;
}

asio::awaitable<void> keep(std::string& to, std::string piece)
{
    to += piece;
    co_return;
}

asio::awaitable<void> predict(practicus::client client, practicus::model_url url)
{
    std::deque<std::string> pieces{"carat,cut\n1,good\n", "2,fair\n"};
    std::string out;
    practicus::body_source const source = [&] { return next_of(pieces); };
    practicus::body_sink const sink = [&](std::string piece) { return keep(out, std::move(piece)); };
    auto const how = practicus::predict_options().sink(sink);
    co_await client.predict(url, source, how);
}

asio::awaitable<void> predict_batches(practicus::client client, practicus::model_url url)
{
    std::deque<std::string> pieces{text};
    std::string out;
    practicus::body_source const source = [&] { return next_of(pieces); };
    practicus::body_sink const sink = [&](std::string piece) { return keep(out, std::move(piece)); };
    practicus::batch_job job(url, source, sink);
    job.max_rows = 1;
    job.in_flight = 2;
    co_await predict_batches(client, job);
}

/// In OpenAI's form, in a pack and one line of its own.
asio::awaitable<void> predict_lines(practicus::client client, practicus::model_url url)
{
    std::deque<std::string> pieces;
    for (auto const* const id : {"a", "b", "c"})
        pieces.push_back(
            R"({"method":"POST","url":"/v1/embeddings","body":{"model":"assistant","input":"x"},)"
            R"("custom_id":")" +
            std::string(id) + "\"}\n");
    std::string out;
    practicus::body_source const source = [&] { return next_of(pieces); };
    practicus::body_sink const sink = [&](std::string piece) { return keep(out, std::move(piece)); };
    practicus::batch_job job(url, source, sink);
    auto& lines = job.json_lines.emplace();
    lines.openai = true;
    lines.pack = 2;
    co_await predict_batches(client, job);
}

asio::awaitable<void> models_as_tuple(practicus::client client)
{
    auto [code, all] = co_await client.models(asio::as_tuple(asio::deferred));
    if (code) throw boost::system::system_error(code);
}

asio::awaitable<void> perform(kind what, practicus::client client, practicus::model_url url)
{
    switch (what) {
    case kind::login: co_await client.login("admin@company.com", "practicus"); break;
    case kind::session_token: co_await client.session_token(url); break;
    case kind::models: co_await client.models(); break;
    case kind::models_as_tuple: co_await models_as_tuple(client); break;
    case kind::models_by_handler: break; // it has no coroutine
    case kind::predict: co_await predict(client, url); break;
    case kind::predict_batches: co_await predict_batches(client, url); break;
    case kind::predict_lines: co_await predict_lines(client, url); break;
    }
}

/// The end of an operation.
struct fate
{
    bool ended = false;
    /// The handler was destroyed without a call, as Asio does when an initiation throws.
    bool dropped = false;
    std::exception_ptr failure;
};

struct handler_life
{
    explicit handler_life(fate& f) noexcept : of(f) {}
    handler_life(handler_life const&) = delete;
    handler_life& operator=(handler_life const&) = delete;
    ~handler_life() { of.dropped = !of.ended; }

    fate& of;
};

/// The kind of failure that is injected.
struct trouble
{
    refusal memory{0, 0};
    executions executor;

    bool has_begun() const noexcept
    {
        return memory.has_begun() || (executor.count != 0 && executor.calls > executor.first);
    }

    void end() noexcept
    {
        memory.end();
        executor.count = 0;
    }
};

/// Ends the process if a run does not return.
struct watchdog
{
    watchdog()
    {
        std::signal(SIGALRM, [](int) { std::abort(); });
        ::alarm(120);
    }
    watchdog(watchdog const&) = delete;
    watchdog& operator=(watchdog const&) = delete;
    ~watchdog() { ::alarm(0); }
};

/// A client, in its caller's context or in another. One thread runs both.
class subject
{
public:
    subject(fixture& f, bool elsewhere, trouble& t, bool executors)
        : server_(f.server), elsewhere_(elsewhere), trouble_(&t), executor_(of(caller_, executors)),
          client_(elsewhere ? of(home_, executors) : executor_, f.server.url(), options(f))
    {}

    /// Returns true if no failure was injected: the operation makes fewer calls.
    bool suffer(kind what)
    {
        perform_to_end(what);
        bool const untouched = !trouble_->has_begun();
        if (untouched) REQUIRE((fate_.ended && !fate_.failure));
        // Only Asio drops a handler.
        if (fate_.dropped) REQUIRE(escaped_);
        // With no operation in flight the client keeps neither context running.
        wait([&] { return caller_.stopped() && (!elsewhere_ || home_.stopped()); });
        REQUIRE_FALSE(trouble_->memory.is_endless());
        return untouched;
    }

    /// Runs the operation without failures.
    void succeed(kind what)
    {
        trouble_->end();
        perform_to_end(what);
        if (fate_.failure) std::rethrow_exception(fate_.failure);
        REQUIRE(fate_.ended);
    }

private:
    asio::any_io_executor of(asio::io_context& io, bool refusing)
    {
        if (!refusing) return io.get_executor();
        return refusing_executor(io.get_executor(), trouble_->executor);
    }

    static practicus::client_options options(fixture& f)
    {
        auto result = options_as(fixture::password());
        result.retry.initial_backoff = std::chrono::milliseconds(1);
        if (f.server.url().starts_with("https")) result.tls.ca_pem = f.server.ca_pem();
        return result;
    }

    void perform_to_end(kind what)
    {
        fate_ = fate();
        begin(what);
        wait([&] { return fate_.ended || fate_.dropped; });
    }

    void begin(kind what)
    {
        auto const* const model = what == kind::predict_lines ? "llm/assistant" : fixture::diamond;
        practicus::model_url const url(server_.url() + "/" + model + "/");
        auto life = std::make_shared<handler_life>(fate_);
        refusal::scope const here(trouble_->memory);
        try {
            if (what == kind::models_by_handler) return begin_models(std::move(life));
            asio::co_spawn(executor_, perform(what, client_, url),
                           [life = std::move(life)](std::exception_ptr e) {
                               life->of.ended = true;
                               life->of.failure = std::move(e);
                           });
        } catch (std::exception const&) {
            escaped_ = true;
        }
    }

    void begin_models(std::shared_ptr<handler_life> life)
    {
        client_.models([life = std::move(life)](practicus::error_code code, std::vector<practicus::model>) {
            life->of.ended = true;
            if (code) life->of.failure = std::make_exception_ptr(boost::system::system_error(code));
        });
    }

    template <class Condition>
    void wait(Condition condition)
    {
        auto const end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        auto active = std::chrono::steady_clock::now();
        while (!condition()) {
            auto const now = std::chrono::steady_clock::now();
            REQUIRE(now < end);
            if (step(caller_) + (elsewhere_ ? step(home_) : 0) != 0)
                active = now;
            else if (now - active < std::chrono::milliseconds(2))
                std::this_thread::yield();
            else
                // Idle: the operation waits for memory.
                trouble_->memory.end();
        }
    }

    std::size_t step(asio::io_context& io)
    {
        io.restart();
        refusal::scope const here(trouble_->memory);
        try {
            return io.poll();
        } catch (std::exception const&) {
            escaped_ = true;
        }
        return 1;
    }

    practicus::mock::server& server_;
    bool elsewhere_;
    trouble* trouble_;
    asio::io_context caller_, home_;
    asio::any_io_executor executor_;
    practicus::client client_;
    fate fate_;
    bool escaped_ = false;
};

constexpr kind kinds[] = {kind::login,           kind::session_token,     kind::models,
                          kind::models_as_tuple, kind::models_by_handler, kind::predict,
                          kind::predict_batches, kind::predict_lines};

/// `set(trouble, k)` selects the failures: for the first places, where operations are initiated, and for
/// every `stride`th.
template <class Set>
void torture(std::size_t stride, bool executors, Set set)
{
    bool const tls = GENERATE(false, true);
    bool const elsewhere = GENERATE(false, true);
    fixture f{https_options_if(tls)};
    for (auto const what : kinds) {
        bool over = false;
        std::size_t k = 0;
        for (; !over; k += !tls && k < 16 ? 1 : stride) {
            CAPTURE(tls, elsewhere, static_cast<int>(what), k);
            watchdog const here;
            trouble t;
            set(t, k);
            subject s(f, elsewhere, t, executors);
            over = s.suffer(what);
            s.succeed(what);
        }
        CHECK(k > stride);
    }
}

void refuse_one(trouble& t, std::size_t k)
{
    t.memory.set(k, 1);
}

void refuse_a_row(trouble& t, std::size_t k)
{
    t.memory.set(k, 24);
}

void refuse_from_then_on(trouble& t, std::size_t k)
{
    t.memory.set(k, std::numeric_limits<std::size_t>::max());
}

void throw_once(trouble& t, std::size_t k)
{
    t.executor.first = k;
    t.executor.count = 1;
    t.executor.spared = in_mortal_asio;
}

} // namespace

TEST_CASE("torture: one allocation fails, a sample of them")
{
    torture(61, false, refuse_one);
}

TEST_CASE("torture: a row of allocations fails, a sample of them")
{
    torture(61, false, refuse_a_row);
}

TEST_CASE("torture: every allocation from one on fails, until nothing happens any more, sampled")
{
    torture(61, false, refuse_from_then_on);
}

TEST_CASE("torture: an executor throws once, a sample of its calls")
{
    torture(11, true, throw_once);
}

TEST_CASE("torture: each allocation fails", "[.soak]")
{
    torture(1, false, refuse_one);
}

TEST_CASE("torture: a row of allocations fails, from each on", "[.soak]")
{
    torture(1, false, refuse_a_row);
}

TEST_CASE("torture: every allocation from each one on fails, until nothing happens any more", "[.soak]")
{
    torture(1, false, refuse_from_then_on);
}

TEST_CASE("torture: an executor throws once, at each of its calls", "[.soak]")
{
    torture(1, true, throw_once);
}
