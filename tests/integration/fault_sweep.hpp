// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include "internals.hpp"
#include "swept_operations.hpp"

#include <functional>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

// Many cases at once on one thread, each with a client, a server and a time of its own. Time passes for a
// client when its server has fallen silent, or when it pauses.

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

class lane;

/// What an operation comes to where nothing goes wrong.
struct undisturbed
{
    std::string text;
    std::uint64_t requests = 0;
    /// Of the request that is to suffer: its answer's bytes, and those of the body.
    std::size_t bytes = 0;
    /// All bytes from its connection, TLS included.
    std::size_t on_the_wire = 0;
};

/// What is not over then hangs. Many cases share a processor, which a sanitizer slows down.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::chrono::minutes longest_case(4);
#else
constexpr std::chrono::minutes longest_case(1);
#endif

struct fault_case
{
    swept_operation const* op = nullptr;
    std::string name;
    std::function<void(lane&)> arm;
    undisturbed const* usual = nullptr;
    /// On a connection that was used before.
    bool reused = false;
    /// `retry_options::attempts`.
    unsigned attempts = 1;
    /// The operation's connection is used no further.
    bool hangs_up = false;
    /// Time passes as soon as nothing happens any more.
    bool waits = false;
    std::chrono::milliseconds deadline = std::chrono::minutes(10);

    // What must come of it.

    /// None: the usual answer.
    std::optional<practicus::errc> error = std::nullopt;
    /// Of the request that suffers.
    unsigned sendings = 1;
    /// The first pause is so long, or by the client's own pause longer.
    std::optional<std::chrono::nanoseconds> pause = std::nullopt;
    /// After a failure too, the connection may be used again.
    bool kept = false;
    /// In place of all this: what is wrong, or nothing.
    std::function<std::string(lane const&)> judge = nullptr;
    /// Called when every connection is closed.
    std::function<void(lane&)> ended = nullptr;
};

/// Where one case after the other is played.
class lane
{
public:
    static constexpr std::chrono::seconds limit{10};
    /// Of a first retry, at most.
    static constexpr std::chrono::milliseconds own_pause{100};

    lane(asio::io_context& servers, practicus::mock::server_options const& options)
        : server_(servers.get_executor(), options)
    {
        swept::fill(server_.region());
    }

    practicus::mock::server& server() { return server_; }

    /// An expectation that is to be met by the operation, and by nothing after it.
    template <class Expectation>
    void watch(Expectation e)
    {
        met_ = [e] { return e.met(); };
        disarm_ = [e]() mutable { e.times(e.met()); };
    }

    void start(fault_case const& c)
    {
        case_ = &c;
        problem.clear();
        text.clear();
        failure.reset();
        trace.clear();
        pauses.clear();
        met_ = nullptr;
        disarm_ = nullptr;
        paused_.reset();
        done_ = closing_ = stalled_ = false;
        quiet_rounds_ = 0;
        answer_bytes = 0;
        stalls_ = server_.stalls();
        began_ = moved_ = std::chrono::steady_clock::now();
        make_client();
        asio::co_spawn(io_, play(), [this](std::exception_ptr e) {
            done_ = true;
            if (!e) return;
            try {
                std::rethrow_exception(e);
            } catch (std::exception const& failed) {
                if (problem.empty()) problem = std::string("before or after it: ") + failed.what();
            }
        });
    }

    /// True when the case is over.
    bool step()
    {
        io_.restart();
        io_.poll();
        bool const quiet = io_.stopped();
        auto const now = std::chrono::steady_clock::now();
        if (now - began_ > longest_case) {
            if (problem.empty()) problem = done_ ? "something is left behind" : "hangs";
            if (client_) client_->close();
            if (now - began_ > std::chrono::minutes(3)) std::abort();
        }
        if (closing_) {
            // What the server waits for is not always an end.
            if (server_.open_connections() != 0) return false;
            if (case_->ended) case_->ended(*this);
            return true;
        }
        if (quiet) {
            if (!done_) problem = "nothing is left to do, and no end";
            if (problem.empty()) problem = case_->judge ? case_->judge(*this) : judge();
            if (problem.empty()) problem = find_remains();
            client_.reset();
            closing_ = true;
        } else {
            let_time_pass(now);
        }
        return false;
    }

    // What came of it.

    std::string problem;
    std::string text;
    std::optional<practicus::error_info> failure;
    std::uint64_t sendings = 0;
    std::uint64_t requests = 0;
    std::uint64_t met = 0;
    std::size_t answer_bytes = 0;
    /// How each attempt ended.
    enum class ending
    {
        not_connected,
        unanswered,
        begun,
        answered
    };
    std::vector<ending> trace;
    /// Which of the server's connections was the operation's last.
    std::uint64_t connection = 0;
    std::vector<std::chrono::nanoseconds> pauses;
    /// When the operation had ended.
    practicus::client_stats stats;

private:
    void make_client()
    {
        practicus::client_options options;
        options.retry.max_attempts = case_->attempts;
        options.timeouts.tls = limit;
        options.timeouts.first_byte = limit;
        options.timeouts.between_bytes = limit;
        options.timeouts.operation = std::chrono::minutes(10);
        options.limits.console_body = 65536;
        options.limits.listing_body = 65536;
        options.observer = [this](practicus::event const& e) { note(e); };
        if (!server_.ca_pem().empty()) {
            options.tls.ca_pem = server_.ca_pem();
            options.tls.system_roots = false;
        }
        if (case_->op->held == holding::password) options.credentials = fixture::password();
        if (case_->op->held == holding::one_time_password)
            options.credentials = swept::with_one_time_password();
        client_.emplace(io_.get_executor(), server_.url(), std::move(options));
        stopped_clock_of(*client_);
    }

    void note(practicus::event const& e)
    {
        stalled_ = false;
        namespace events = practicus::events;
        if (auto const* const retried = std::get_if<events::retried>(&e); retried && retried->pause.count()) {
            paused_ = retried->pause;
            pauses.push_back(retried->pause);
        }
        if (auto const* const made = std::get_if<events::connected>(&e)) connected_ = !made->error;
        auto const* const ended = std::get_if<events::exchanged>(&e);
        if (over_ || ended == nullptr || ended->request != case_->op->request()) return;
        answer_bytes = ended->bytes_received;
        trace.push_back(ended->status != 0           ? ending::answered
                        : ended->bytes_received != 0 ? ending::begun
                        : connected_                 ? ending::unanswered
                                                     : ending::not_connected);
    }

    std::string issue(practicus::mock::token_type type)
    {
        return server_.region().issue(type, "admin@company.com");
    }

    asio::awaitable<void> prepare(practicus::client client)
    {
        using practicus::credentials;
        using practicus::mock::token_type;
        server_.region().one_time_password("otp@company.com", "123456");
        switch (case_->op->held) {
        case holding::access_token:
            co_await client.login(credentials::access_token(issue(token_type::access)));
            if (case_->reused) co_await client.cluster_info();
            break;
        case holding::refresh_token:
        case holding::refresh_token_only:
            co_await client.login(credentials::refresh_token(issue(token_type::refresh)));
            if (case_->op->held == holding::refresh_token_only) server_.region().revoke(token_type::access);
            break;
        default: break;
        }
        if (!case_->reused) client.close_idle();
    }

    asio::awaitable<void> play()
    {
        auto const client = *client_;
        auto const& op = *case_->op;
        co_await prepare(client);
        auto const refresh = issue(practicus::mock::token_type::refresh);
        server_.region().reset_counts();
        trace.clear();
        over_ = false;
        if (case_->arm) case_->arm(*this);
        practicus::call_options limits;
        limits.timeout(case_->deadline);
        try {
            text = co_await op.call(client.with(limits), refresh);
        } catch (practicus::error const& e) {
            failure = e.info();
        }
        sendings = server_.count(op.route);
        requests = server_.count();
        stats = client.stats();
        if (met_) met = met_();
        if (disarm_) disarm_();
        over_ = true;
        connection = server_.connections();
        if (case_->hangs_up) co_return;
        co_await use(client);
    }

    /// The client must be as good as before.
    asio::awaitable<void> use(practicus::client client)
    {
        using practicus::credentials;
        if (failure) {
            auto const token = issue(practicus::mock::token_type::access);
            co_await client.login(credentials::access_token(token));
        } else if (case_->op->held == holding::refresh_token) {
            co_await client.refresh();
        }
        auto const region = co_await client.cluster_info();
        if (region.name != "practicus" || region.region_name != "mock") problem = "a wrong answer afterwards";
    }

    void pass(std::chrono::nanoseconds time)
    {
        quiet_rounds_ = 0;
        moved_ = std::chrono::steady_clock::now();
        clock_of(*client_).advance(time);
        runtime_of(*client_).limits()->sweep();
    }

    void let_time_pass(std::chrono::steady_clock::time_point now)
    {
        using namespace std::chrono_literals;
        auto const step = std::min<std::chrono::milliseconds>(limit, case_->deadline);
        ++quiet_rounds_;
        if (paused_) {
            pass(*std::exchange(paused_, std::nullopt) + 1ms);
        } else if (server_.stalls() != stalls_) {
            // All that it had sent has arrived by now.
            if (quiet_rounds_ < 5) return;
            stalls_ = server_.stalls();
            stalled_ = true;
            pass(step);
        } else if (stalled_ && quiet_rounds_ > 200 && now - moved_ > 1s) {
            // It had not, on a machine that is busy.
            pass(step);
        } else if ((case_->waits || done_) && quiet_rounds_ > 200 && now - moved_ > 20ms) {
            pass(step);
        }
        if (server_.stalls() == stalls_ && !stalled_ && !case_->waits && !done_) quiet_rounds_ = 0;
    }

    std::string judge() const
    {
        auto const& c = *case_;
        if (failure && !c.error) return std::string("fails: ") + practicus::error(*failure).what();
        if (!failure && c.error) return "does not fail, but: " + text;
        if (!failure && text != c.usual->text) return "a wrong answer: " + text;
        if (failure && failure->code != *c.error)
            return std::string("fails otherwise: ") + practicus::error(*failure).what();
        if (sendings != c.sendings) return "sent " + std::to_string(sendings) + " times";
        auto const all = c.usual->requests - 1 + c.sendings;
        if (failure ? requests > all : requests != all) return std::to_string(requests) + " requests";
        if (met_ && met == 0) return "the fault did not come";
        if (!outlived() && (stats.connections.waiting != 0 || stats.connections.connecting != 0 ||
                            stats.connections.open != stats.connections.idle))
            return "a connection is in use after the operation";
        if (c.pause && (pauses.empty() || pauses[0] < *c.pause || pauses[0] > *c.pause + own_pause))
            return "pauses for another time";
        if (failure && !c.kept && !outlived() && stats.connections.open != 0)
            return "keeps a connection after a failure";
        return failure ? judge_failure() : std::string();
    }

    /// An operation's deadline ends its wait for what others may wait for as well; that goes on.
    bool outlived() const
    {
        return failure && failure->code == practicus::errc::deadline_exceeded && case_->op->shared();
    }

    std::string judge_failure() const
    {
        if (outlived()) return {};
        if (failure->request != case_->op->request()) return "the error names " + failure->request;
        if (failure->attempts != case_->sendings)
            return "the error tells of " + std::to_string(failure->attempts) + " attempts";
        if (failure->code == practicus::errc::connection_lost && !failure->cause)
            return "the error has no cause";
        return {};
    }

    std::string find_remains()
    {
        auto const s = client_->stats();
        if (s.connections.waiting != 0 || s.connections.connecting != 0 ||
            s.connections.open != s.connections.idle)
            return "a connection is still in use";
        for (auto const& text_of_it : server_.problems())
            return text_of_it;
        return {};
    }

    asio::io_context io_{1};
    practicus::mock::server server_;
    std::optional<practicus::client> client_;
    fault_case const* case_ = nullptr;
    std::function<std::uint64_t()> met_;
    std::function<void()> disarm_;
    std::optional<std::chrono::nanoseconds> paused_;
    bool connected_ = false;
    bool over_ = false;
    bool done_ = false;
    bool closing_ = false;
    // The server has fallen silent, and the client has told of nothing since.
    bool stalled_ = false;
    unsigned quiet_rounds_ = 0;
    std::uint64_t stalls_ = 0;
    std::chrono::steady_clock::time_point began_, moved_;
};

/// Plays the cases, and fails for each that comes to something else than it must.
inline void sweep(std::vector<fault_case> const& cases,
                  practicus::mock::server_options const& options = practicus::mock::server_options())
{
    asio::io_context servers{1};
    std::vector<std::unique_ptr<lane>> lanes;
    std::vector<fault_case const*> playing;
    std::vector<std::string> wrong;
    auto const width = std::min<std::size_t>(cases.size(), 48);
    for (std::size_t i = 0; i != width; ++i) {
        lanes.push_back(std::make_unique<lane>(servers, options));
        lanes.back()->start(cases[i]);
        playing.push_back(&cases[i]);
    }
    std::size_t next = width;
    for (std::size_t left = width; left != 0;) {
        servers.restart();
        servers.poll();
        for (std::size_t i = 0; i != width; ++i) {
            if (playing[i] == nullptr || !lanes[i]->step()) continue;
            if (!lanes[i]->problem.empty())
                wrong.push_back(std::string(playing[i]->op->name) + ", " + playing[i]->name + ": " +
                                lanes[i]->problem);
            // Enough is known then, and hangs take long.
            if (wrong.size() >= 20) next = cases.size();
            playing[i] = next < cases.size() ? &cases[next++] : nullptr;
            if (playing[i] != nullptr)
                lanes[i]->start(*playing[i]);
            else
                --left;
        }
    }
    for (auto const& l : lanes)
        l->server().stop();
    servers.restart();
    servers.run();
    if (cases.size() > 1) std::cout << cases.size() << " cases\n";
    for (auto const& text : wrong)
        FAIL_CHECK(text);
    CHECK(wrong.empty());
}

/// Plays an operation without a fault.
inline undisturbed measure(swept_operation const& op,
                           practicus::mock::server_options const& options = practicus::mock::server_options())
{
    undisturbed result;
    std::vector<fault_case> alone(1);
    alone[0].op = &op;
    alone[0].name = "undisturbed";
    alone[0].judge = [&](lane const& l) {
        result.text = l.text;
        result.requests = l.requests;
        result.bytes = l.answer_bytes;
        return l.failure         ? std::string(practicus::error(*l.failure).what())
               : l.sendings != 1 ? "sent twice"
                                 : std::string();
    };
    alone[0].hangs_up = true;
    alone[0].ended = [&](lane& l) { result.on_the_wire = l.server().bytes_sent(l.connection); };
    sweep(alone, options);
    return result;
}
