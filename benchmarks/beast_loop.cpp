// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "coroutines.hpp"
#include "listing.hpp"
#include "loops.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace bench {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using tcp = asio::ip::tcp;
namespace http = beast::http;

struct names
{
    std::string name;
    std::string region;
};

template <class Stream>
class beast_loop final : public loop, private coroutines
{
public:
    static constexpr bool tls = !std::is_same_v<Stream, beast::tcp_stream>;

    beast_loop(loop_options const& options, care taken)
        : context_(asio::ssl::context::tls_client), taken_(taken), bearer_(options.bearer),
          host_("127.0.0.1:" + std::to_string(options.server.port))
    {
        if constexpr (tls) {
            context_.add_certificate_authority(asio::buffer(options.server.ca_pem));
            context_.set_verify_mode(asio::ssl::verify_peer);
        }
        for (std::size_t i = 0; i != options.connections; ++i) {
            connections_.push_back(std::make_unique<connection>(make_stream()));
            connections_.back()->kept = make_request("/console/api/central/clusterdefinition/");
            if (taken_ == care::great) connections_.back()->buffer.reserve(8192);
            spawn(connect(*connections_.back(), options.server.port));
        }
        run();
    }

    std::size_t exchange(quota const& much) override
    {
        done_ = 0;
        for (auto const& c : connections_)
            spawn(repeat(*c, much));
        run();
        return done_;
    }

    std::size_t open() const override { return connections_.size(); }

    std::size_t list(std::size_t times) override
    {
        done_ = 0;
        spawn(list_on(*connections_.front(), times));
        run();
        return done_;
    }

    std::size_t predict(prediction_work const& work, quota const& much) override
    {
        if (!work.encoding.empty()) return loop::predict(work, much);
        done_ = 0;
        for (auto const& c : connections_)
            spawn(repeat_predictions(*c, work, much));
        run();
        return done_;
    }

    void arrive(arrivals const& when, histogram& latency_ns) override
    {
        queue calls(io_, when.count() + connections_.size());
        for (auto const& c : connections_)
            spawn(serve(*c, calls, latency_ns));
        spawn(fill(calls, when));
        run();
    }

private:
    using request = http::request<http::string_body>;

    struct connection
    {
        explicit connection(Stream s) : stream(std::move(s)) {}

        Stream stream;
        beast::flat_buffer buffer;
        request kept;
    };

    Stream make_stream()
    {
        if constexpr (tls)
            return Stream(io_, context_);
        else
            return Stream(io_);
    }

    asio::awaitable<void> connect(connection& c, std::uint16_t port)
    {
        auto& lowest = beast::get_lowest_layer(c.stream);
        lowest.expires_after(std::chrono::seconds(30));
        co_await lowest.async_connect(tcp::endpoint(asio::ip::address_v4::loopback(), port),
                                      asio::use_awaitable);
        lowest.socket().set_option(tcp::no_delay(true));
        if constexpr (tls) {
            c.stream.set_verify_callback(asio::ssl::host_name_verification("127.0.0.1"));
            co_await c.stream.async_handshake(asio::ssl::stream_base::client, asio::use_awaitable);
        }
    }

    asio::awaitable<void> repeat(connection& c, quota much)
    {
        for (std::size_t i = 0; much.goes_on(i); ++i) {
            auto const found = co_await exchange_on(c);
            require_right(found.region == "benchmark" && found.name.starts_with("eyJ"));
            ++done_;
        }
    }

    request make_request(std::string_view target) const
    {
        request r(http::verb::get, target, 11);
        r.set(http::field::host, host_);
        r.set(http::field::user_agent, "benchmark/1.0");
        r.set(http::field::accept, "application/json");
        r.set(http::field::authorization, "Bearer " + bearer_);
        return r;
    }

    asio::awaitable<names> exchange_on(connection& c)
    {
        if (taken_ == care::usual) c.kept = make_request("/console/api/central/clusterdefinition/");
        beast::get_lowest_layer(c.stream).expires_after(std::chrono::seconds(30));
        co_await http::async_write(c.stream, c.kept, asio::use_awaitable);
        http::response<http::string_body> answer;
        co_await http::async_read(c.stream, c.buffer, answer, asio::use_awaitable);
        if (answer.result() != http::status::ok) throw std::runtime_error("status");
        auto const value = boost::json::parse(answer.body());
        names found;
        found.name = value.at("NAME").as_string().c_str();
        found.region = value.at("REGION_NAME").as_string().c_str();
        co_return found;
    }

    /// For what is longer than Beast's own bound on a body. Beast reads as much at once as the buffer has
    /// room for, so a long body wants a larger one than the usual 512 bytes.
    asio::awaitable<std::string> body_of(connection& c, request const& r)
    {
        c.buffer.reserve(65536);
        beast::get_lowest_layer(c.stream).expires_after(std::chrono::seconds(30));
        co_await http::async_write(c.stream, r, asio::use_awaitable);
        http::response_parser<http::string_body> answer;
        answer.body_limit(std::uint64_t{256} << 20);
        co_await http::async_read(c.stream, c.buffer, answer, asio::use_awaitable);
        if (answer.get().result() != http::status::ok) throw std::runtime_error("status");
        co_return std::move(answer.get().body());
    }

    asio::awaitable<void> list_on(connection& c, std::size_t times)
    {
        auto const r = make_request("/console/api/modelhost/models/");
        for (std::size_t i = 0; i != times; ++i) {
            auto const body = co_await body_of(c, r);
            done_ += decode_listing(body).size();
        }
    }

    asio::awaitable<void> repeat_predictions(connection& c, prediction_work const& work, quota much)
    {
        // One for all, for the body's sake.
        auto r = make_request(work.path());
        r.method(http::verb::post);
        r.set(http::field::content_type, "text/csv");
        r.set(http::field::accept, "*/*");
        r.body() = work.body;
        r.prepare_payload();
        for (std::size_t i = 0; much.goes_on(i); ++i) {
            auto const body = co_await body_of(c, r);
            require_right(body.size() == work.answer_size && body.starts_with("prediction\n"));
            ++done_;
        }
    }

    // Calls that wait for a connection, as the times they were meant for; the end of time for none.
    using queue = asio::experimental::channel<void(boost::system::error_code, steady::time_point)>;

    asio::awaitable<void> fill(queue& calls, arrivals when)
    {
        auto const add = [&calls](steady::time_point due) {
            calls.try_send(boost::system::error_code(), due);
        };
        co_await call_at(when, add);
        for (std::size_t i = 0; i != connections_.size(); ++i)
            add(steady::time_point::max());
    }

    asio::awaitable<void> serve(connection& c, queue& calls, histogram& latency_ns)
    {
        while (true) {
            auto const due = co_await calls.async_receive(asio::use_awaitable);
            if (due == steady::time_point::max()) co_return;
            auto const found = co_await exchange_on(c);
            require_right(found.region == "benchmark");
            latency_ns.record(static_cast<std::uint64_t>((steady::now() - due).count()));
        }
    }

    asio::ssl::context context_;
    care taken_;
    std::string bearer_;
    std::string host_;
    std::vector<std::unique_ptr<connection>> connections_;
    std::size_t done_ = 0;
};

} // namespace

std::unique_ptr<loop> make_beast_loop(loop_options const& options, care taken)
{
    if (options.server.tls)
        return std::make_unique<beast_loop<beast::ssl_stream<beast::tcp_stream>>>(options, taken);
    return std::make_unique<beast_loop<beast::tcp_stream>>(options, taken);
}

} // namespace bench
