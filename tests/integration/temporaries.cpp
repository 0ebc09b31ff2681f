// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// Every public operation awaited with temporaries and default arguments: g++ 12 destroys some of them twice
// (GCC PR 98401), which the address sanitizer tells.

#include "fixture.hpp"

#include <practicus/batch.hpp>
#include <practicus/csv_file.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <tuple>

namespace {

std::string long_text(std::string_view text)
{
    return std::string(text); // never the caller's buffer
}

asio::awaitable<void> drop(std::string)
{
    co_return;
}

asio::awaitable<int> all_operations(std::string url, std::string token, std::string ca_file)
{
    using namespace practicus;
    int done = 0;
    client c{co_await asio::this_coro::executor, long_text(url), options_with([&](auto& o) {
                 o.credentials =
                     credentials::password(long_text("admin@company.com"), long_text("practicus"));
                 o.tls.ca_file = long_text(ca_file);
                 o.timeouts.connect = std::chrono::seconds(9);
                 o.limits.header = 20'000;
                 o.trusted_origins.emplace_back(long_text("https://models.company.com"));
                 o.user_agent = long_text("a user agent that is not short");
             })};
    client plain{co_await asio::this_coro::executor, long_text(url)};

    co_await c.login(long_text("admin@company.com"), long_text("practicus"));
    co_await c.login("admin@company.com", "practicus");
    co_await c.login(credentials::refresh_token(long_text(token)));
    co_await c.login(credentials::token(long_text(token)));
    co_await plain.login(credentials::access_token(long_text(token)));
    co_await plain.login(credentials::password("admin@company.com", "practicus").keep_password());
    co_await c.refresh();
    done += !(co_await c.cluster_info()).name.empty();
    for (auto const& p : co_await c.model_prefixes())
        done += !p.key.empty();
    for (auto const& m : by_name(deployed(co_await c.models()), long_text("diamond-price")))
        done += m.id == 42;
    done += static_cast<int>((co_await c.model_deployments()).size());
    done += static_cast<int>((co_await c.app_prefixes()).size());
    done += static_cast<int>((co_await c.apps()).size());
    done += static_cast<int>((co_await c.addons()).size());

    auto const model = [&] { return long_text(url) + "/models/practicus/diamond-price/"; };
    auto const viewer = [&] { return long_text(url) + "/apps/tools/viewer/"; };
    done += co_await c.model_id(model()) == 42;
    done += co_await c.model_id(c.model_url(long_text("models/practicus"), long_text("diamond-price"),
                                            long_text("v1"))) == 42;
    done += (co_await c.model_metadata(model_url(model()))).model_id == 42;
    done += !(co_await c.session_token(model())).empty();
    done += !(co_await client(c).session_token(model(), token_purpose::upload)).empty();
    done += !(co_await c.session_token(practicus::app_url(viewer()))).empty();
    done += !(co_await c.session_token(c.app_url("apps/tools", "viewer"), token_purpose::upload)).empty();
    done += !(co_await c.addon_session_token(long_text("langflow"))).empty();
    done += !(co_await client(c).addon_session_token(long_text("https://langflow.company.com/flow"))).empty();

    auto const text = [&] { return long_text("carat,cut\n0.23,a cut with a long name\n"); };
    done += (co_await c.predict(model(), text())).status == 200;
    done += (co_await c.predict(model_url(model()), text(),
                                predict_options()
                                    .content_type(long_text("text/csv; charset=utf-8"))
                                    .encoding(content_encoding::gzip())))
                .attempts == 1;
    done += (co_await c.predict(model(), string_source(text()))).body.size() > 10;
    done += (co_await c.with(call_options().header("x-trace", long_text("a trace that is not short")))
                 .predict(model(), string_source(text()), predict_options().sink(drop)))
                .status == 200;
    done += (co_await c.call(model_url(model()).at(long_text("")),
                             request().content_type(long_text("text/csv; charset=utf-8")).body(text())))
                .status == 200;
    done += (co_await predict_batches(c, options_with([&](auto& j) { j.max_rows = 10; },
                                                      batch_job(model(), string_source(text()), drop))))
                .rows == 1;

    // From a temporary client, in the expression itself.
    done += static_cast<int>((co_await client(co_await asio::this_coro::executor, long_text(url),
                                              options_as(credentials::token(long_text(token))))
                                  .models())
                                 .size());
    co_return done;
}

/// What is awaited when the temporaries in its arguments have gone.
asio::awaitable<int> awaited_later(practicus::client c, std::string url)
{
    using namespace practicus;
    int done = 0;
    auto const model = [&] { return long_text(url) + "/models/practicus/diamond-price/"; };
    auto const text = [&] { return long_text("carat,cut\n0.23,a cut with a long name\n"); };

    auto addon = c.addon_session_token(long_text("https://langflow.company.com/flow"));
    done += !(co_await std::move(addon)).empty();
    auto addon_by_token =
        client(c).addon_session_token(long_text("https://bare.company.com/flow"), asio::deferred);
    done += !(co_await std::move(addon_by_token)).empty();
    auto token = c.session_token(practicus::model_url(model()), token_purpose::upload);
    done += !(co_await std::move(token)).empty();
    auto token_by_token = c.session_token(practicus::model_url(model()), asio::as_tuple(asio::deferred));
    done += !std::get<1>(co_await std::move(token_by_token)).empty();
    auto answer = client(c).predict(model(), text(), predict_options(), asio::as_tuple(asio::deferred));
    done += std::get<1>(co_await std::move(answer)).status == 200;
    co_return done;
}

/// Temporary completion tokens.
asio::awaitable<int> all_tokens(practicus::client c, std::string url)
{
    using namespace practicus;
    int done = 0;
    error_code code;
    error_info info;
    auto const model = [&] { return long_text(url) + "/models/practicus/diamond-price/"; };
    auto const text = [&] { return long_text("carat,cut\n0.23,a cut with a long name\n"); };

    co_await c.login(long_text("admin@company.com"), long_text("practicus"), asio::deferred);
    co_await c.refresh(asio::redirect_error(asio::use_awaitable, code));
    done += static_cast<int>((co_await c.addons(asio::use_awaitable)).size());
    done += !std::get<1>(co_await c.addon_session_token(
                             long_text("langflow"), with_error_info(asio::as_tuple(asio::deferred), info)))
                 .empty();
    done += (co_await c.model_id(model(), asio::redirect_error(asio::use_awaitable, code))) == 42;
    done +=
        (co_await client(c).predict(model(), string_source(text()), predict_options().sink(drop),
                                    asio::bind_executor(co_await asio::this_coro::executor, asio::deferred)))
            .status == 200;
    done += !code && info.code == error_code();
    co_return done;
}

} // namespace

TEST_CASE("operations own their arguments when they are awaited later")
{
    fixture f;
    CHECK(f.run(awaited_later(f.user(), f.server.url())) == 5);
}

TEST_CASE("operations with temporary completion tokens")
{
    fixture f;
    CHECK(f.run(all_tokens(f.client(), f.server.url())) == 2 + 1 + 1 + 1 + 1);
}

TEST_CASE("every operation with temporaries as arguments")
{
    fixture f;
    f.server.region().configure([&](auto& s) {
        s.cluster_name = "main";
        s.region_name = "eu";
    });
    auto const token = f.server.region().issue(practicus::mock::token_type::refresh, "admin@company.com");
    CHECK(f.run(all_operations(f.server.url(), token, "")) == 1 + 3 + 1 + 3 + 2 + 2 + 2 + 7 + 2 + 5 + 6);
}
