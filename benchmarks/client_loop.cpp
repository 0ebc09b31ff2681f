// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "coroutines.hpp"
#include "loops.hpp"

#include <practicus.hpp>
#include <practicus/lz4.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace bench {

namespace {

namespace asio = boost::asio;

practicus::client_options client_options_of(loop_options const& options)
{
    practicus::client_options result;
    result.credentials = practicus::credentials::access_token(options.bearer);
    result.tls.ca_pem = options.server.ca_pem;
    result.tls.system_roots = false;
    result.pool.max_connections = options.connections;
    return result;
}

class client_loop_impl final : public client_loop, private coroutines
{
public:
    explicit client_loop_impl(loop_options const& options)
        : callers_(options.connections),
          client_(io_.get_executor(), options.server.url(), client_options_of(options))
    {}

    std::size_t exchange(quota const& much) override
    {
        done_ = 0;
        for (std::size_t i = 0; i != callers_; ++i)
            spawn(repeat(much));
        run();
        return done_;
    }

    std::size_t open() const override { return client_.stats().connections.open; }

    std::size_t list(std::size_t times) override
    {
        done_ = 0;
        spawn(repeat_listing(times));
        run();
        return done_;
    }

    std::size_t predict(prediction_work const& work, quota const& much) override
    {
        done_ = 0;
        for (std::size_t i = 0; i != callers_; ++i)
            spawn(repeat_predictions(work, much));
        run();
        return done_;
    }

    void arrive(arrivals const& when, histogram& latency_ns) override
    {
        spawn(call_at(when, [&](steady::time_point due) { spawn(call(due, latency_ns)); }));
        run();
    }

    practicus::client_stats stats() const override { return client_.stats(); }

private:
    asio::awaitable<void> repeat(quota much)
    {
        for (std::size_t i = 0; much.goes_on(i); ++i) {
            auto const found = co_await client_.cluster_info();
            require_right(found.region_name == "benchmark" && found.name.starts_with("eyJ"));
            ++done_;
        }
    }

    asio::awaitable<void> repeat_listing(std::size_t times)
    {
        for (std::size_t i = 0; i != times; ++i) {
            auto const models = co_await client_.models();
            done_ += models.size();
        }
    }

    asio::awaitable<void> repeat_predictions(prediction_work const& work, quota much)
    {
        auto const url = client_.model_url("models/lean", "answer-" + std::to_string(work.answer_size));
        practicus::predict_options how;
        if (!work.encoding.empty()) how.encoding(encoding_of(work.encoding));
        for (std::size_t i = 0; much.goes_on(i); ++i) {
            auto const answer = co_await client_.predict(url, work.body, how);
            require_right(answer.body.size() == work.answer_size && answer.body.starts_with("prediction\n") &&
                          answer.content_encoding == work.encoding);
            ++done_;
        }
    }

    static practicus::content_encoding encoding_of(std::string_view name)
    {
        if (name == "gzip") return practicus::content_encoding::gzip();
        if (name == "zlib") return practicus::content_encoding::zlib();
        if (name == "deflate") return practicus::content_encoding::deflate();
        if (name == "lz4") return practicus::lz4_encoding();
        throw std::runtime_error("no such encoding: " + std::string(name));
    }

    asio::awaitable<void> call(steady::time_point due, histogram& latency_ns)
    {
        auto const found = co_await client_.cluster_info();
        require_right(found.region_name == "benchmark");
        latency_ns.record(static_cast<std::uint64_t>((steady::now() - due).count()));
    }

    std::size_t callers_;
    practicus::client client_;
    std::size_t done_ = 0;
};

} // namespace

std::unique_ptr<client_loop> make_client_loop(loop_options const& options)
{
    return std::make_unique<client_loop_impl>(options);
}

} // namespace bench
