// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// The groups of calls in the vendor's documentation: the request on the wire, and the caller's result.

#include "fixture.hpp"
#include "streamed_chat.hpp"

#include <practicus/detail/base/jwt_payload.hpp>
#include <practicus/event_stream.hpp>
#include <practicus/lz4.hpp>
#include <practicus/mock/lz4.hpp>
#include <practicus/mock/multipart.hpp>
#include <practicus/mock/openai.hpp>
#include <practicus/mock/prediction.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

constexpr char const* diamonds = "carat,cut\n0.23,Ideal\n0.21,Premium\n";
constexpr char const* question = R"({"model":"assistant","messages":[{"role":"user","content":"one two"}]})";
constexpr char const* streamed_question =
    R"({"model":"assistant","stream":true,"messages":[{"role":"user","content":"one two"}]})";

struct documented : fixture
{
    using sent_request = practicus::mock::request;
    using token_type = practicus::mock::token_type;

    documented() : caller(user()) { server.region().add(practicus::mock::lz4_codec()); }

    /// Returns a client with a session token and no login.
    practicus::client holder(std::string const& token)
    {
        return client(options_as(practicus::credentials::session_token(token)));
    }

    /// Returns the kind of the request's bearer token, and what it is for.
    static std::string authorization(sent_request const& r)
    {
        std::string_view text = r.headers["authorization"];
        if (text.empty()) return "none";
        REQUIRE(text.starts_with("Bearer "));
        text.remove_prefix(7);
        namespace detail = practicus::detail;
        auto const payload = detail::base64url_decoded(detail::jwt_payload(text));
        auto const claims = boost::json::parse(payload).as_object();
        std::string result(claims.at("token_type").as_string());
        for (char const* subject : {"model_id", "app_id", "ext_svc_key"})
            if (auto const* value = claims.if_contains(subject))
                result.append(" ").append(subject).append("=").append(boost::json::serialize(*value));
        return result;
    }

    /// Returns method, target, authorization and content type.
    static std::string line(sent_request const& r)
    {
        auto const type = r.headers["content-type"];
        return r.method + ' ' + r.target + " | " + authorization(r) + " | " +
               (type.empty() ? std::string("no type") : std::string(type.substr(0, type.find(';'))));
    }

    /// Returns the newest request.
    sent_request sent() const { return server.requests().back(); }

    std::vector<std::string> lines() const
    {
        std::vector<std::string> result;
        for (auto const& r : server.requests())
            result.push_back(line(r));
        return result;
    }

    static boost::json::value json(practicus::response const& got)
    {
        CHECK(got.content_type.starts_with("application/json"));
        return boost::json::parse(got.body);
    }

    static std::string answer_in(practicus::response const& got)
    {
        auto const whole = json(got);
        return std::string(whole.at("choices").at(0).at("message").at("content").as_string());
    }

    practicus::client caller;
};

practicus::request streamed()
{
    return practicus::request::json(streamed_question);
}

asio::awaitable<void> keep_piece(std::vector<std::string>& pieces, practicus::mock::gate then,
                                 std::string piece)
{
    pieces.push_back(std::move(piece));
    then.open();
    co_return;
}

} // namespace

TEST_CASE("login and token by REST")
{
    documented f;
    auto const client = f.client();
    f.run(client.login("admin@company.com", "practicus"));
    auto const login = f.sent();
    CHECK(f.line(login) == "POST /console/api/auth/ | none | application/json");
    CHECK(login.body == R"({"email":"admin@company.com","password":"practicus"})");
    auto const token = f.run(client.session_token(f.model()));
    CHECK(f.lines() == std::vector<std::string>{
                           "POST /console/api/auth/ | none | application/json",
                           "GET /models/practicus/diamond-price/?get_meta=true | access | no type",
                           "GET /console/api/modelhost/model-auth/ | access | application/json",
                       });
    CHECK(f.sent().body == R"({"model_id":42})");
    CHECK(token.claims().type == practicus::token_type::session);
    CHECK(token.lifetime() == std::chrono::hours(4));
}

TEST_CASE("CSV")
{
    documented f;
    auto const got = f.run(f.caller.predict(f.model(), diamonds));
    auto const sent = f.sent();
    CHECK(f.line(sent) == "POST /models/practicus/diamond-price/ | session model_id=42 | text/csv");
    CHECK(sent.body == diamonds);
    CHECK(got.content_type == "text/csv");
    CHECK(got.body == practicus::mock::predict_csv(diamonds));
    CHECK(got.served_by().model_version == "1");
}

TEST_CASE("long-lived token")
{
    documented f;
    auto const year = std::chrono::hours(24 * 365);
    auto const token =
        f.server.region().issue(documented::token_type::session, "admin@company.com", 42, year);
    auto const client = f.holder(token);
    auto const got = f.run(client.predict(f.model(), diamonds));
    CHECK(f.lines() ==
          std::vector<std::string>{"POST /models/practicus/diamond-price/ | session model_id=42 | text/csv"});
    CHECK(f.sent().headers["authorization"] == "Bearer " + token);
    CHECK(got.body == practicus::mock::predict_csv(diamonds));
    CHECK(f.run(client.session_token(f.model())).lifetime() == year);
}

TEST_CASE("LZ4")
{
    documented f;
    practicus::predict_options options;
    options.encoding(practicus::lz4_encoding());
    auto const got = f.run(f.caller.predict(f.model(), diamonds, options));
    auto const sent = f.sent();
    CHECK(f.line(sent) == "POST /models/practicus/diamond-price/ | session model_id=42 | text/csv");
    CHECK(sent.headers["content-encoding"] == "lz4");
    CHECK(sent.headers["accept-encoding"] == "lz4");
    CHECK(practicus::mock::lz4_codec().decode(sent.body, 1000) == diamonds);
    CHECK(got.content_encoding == "lz4");
    CHECK(got.body == practicus::mock::predict_csv(diamonds));
}

TEST_CASE("metadata")
{
    documented f;
    auto const got = f.run(f.caller.model_metadata(f.model()));
    CHECK(f.line(f.sent()) == "GET /models/practicus/diamond-price/?get_meta=true | access | no type");
    CHECK(f.sent().body.empty());
    CHECK(got.model_id == 42);
    CHECK(got.values.at("model_name") == "diamond-price");
    CHECK(got.values.at("model_signature_json").is_string());
}

TEST_CASE("LLM by GET")
{
    documented f;
    practicus::model_url const model(f.model("llm/assistant"));
    auto asked = practicus::request::get();
    asked.content_type("application/json").body(R"({"prompt":"one two"})");
    auto const got = f.run(f.caller.call(model, asked));
    CHECK(f.line(f.sent()) == "GET /llm/assistant/ | session model_id=46 | application/json");
    CHECK(f.sent().body == R"({"prompt":"one two"})");
    CHECK(f.sent().headers["content-length"] == "20");
    CHECK(got.content_type == "text/plain; charset=utf-8");
    CHECK(got.body == "one two");
}

TEST_CASE("streamed text")
{
    documented f;
    practicus::mock::gate const open, held;
    open.open();
    practicus::mock::model writer(99, "writer", practicus::mock::prefix("models-llm", "llm"),
                                  {{991, "1", practicus::mock::deployment("depl-large", "Large")}});
    writer.predicts = [=](practicus::mock::request const& r) {
        auto answer = practicus::mock::stream_words(r);
        answer.gates = {open, held};
        return answer;
    };
    f.server.region().add(writer);
    std::vector<std::string> pieces;
    auto asked = practicus::request::json(R"({"prompt":"one two"})");
    // The second word is sent when the caller has the first.
    asked.sink([&](std::string piece) { return keep_piece(pieces, held, std::move(piece)); });
    practicus::model_url const model(f.model("llm/writer"));
    auto const got = f.run(f.caller.call(model, asked));
    CHECK(f.line(f.sent()) == "POST /llm/writer/ | session model_id=99 | application/json");
    CHECK(f.sent().body == R"({"prompt":"one two"})");
    CHECK(pieces == std::vector<std::string>{"one ", "two"});
    CHECK(got.content_type == "text/plain; charset=utf-8");
    CHECK(got.body.empty());
}

TEST_CASE("OpenAI body at the model's url")
{
    documented f;
    practicus::model_url const model(f.model("llm/assistant"));
    auto const got = f.run(f.caller.call(model, practicus::request::json(question)));
    CHECK(f.line(f.sent()) == "POST /llm/assistant/ | session model_id=46 | application/json");
    CHECK(f.sent().body == question);
    CHECK(f.answer_in(got) == "one two");
    CHECK(got.served_by().model_name == "assistant");
    auto const pieces = f.run(streamed_chat(f.caller, model, streamed()));
    CHECK(f.line(f.sent()) == "POST /llm/assistant/ | session model_id=46 | application/json");
    CHECK(pieces == std::vector<std::string>{"one ", "two", "[DONE]"});
}

TEST_CASE("OpenAI paths")
{
    documented f;
    practicus::service_url const region(f.server.url());
    for (std::string const version : {"", "v1"}) {
        practicus::model_url const model(region, "llm", "assistant", version);
        auto const behind = version.empty() ? std::string() : version + '/';
        auto const line = [&](std::string_view path) {
            return ("POST /llm/assistant/" + behind).append(path) +
                   " | session model_id=46 | application/json";
        };
        auto const chat = model.at("chat/completions");
        auto const got = f.run(f.caller.call(chat, practicus::request::json(question)));
        CHECK(f.line(f.sent()) == line("chat/completions"));
        CHECK(f.sent().body == question);
        CHECK(f.answer_in(got) == "one two");
        CHECK(f.run(streamed_chat(f.caller, chat, streamed())) ==
              std::vector<std::string>{"one ", "two", "[DONE]"});
        CHECK(f.line(f.sent()) == line("chat/completions"));
        CHECK(f.sent().body == streamed_question);
        auto const vectors = f.run(f.caller.call(
            model.at("embeddings"), practicus::request::json(R"({"model":"assistant","input":["a","b"]})")));
        CHECK(f.line(f.sent()) == line("embeddings"));
        CHECK(f.json(vectors).at("data").as_array().size() == 2);
    }
    auto const models = practicus::model_url(region, "llm", "assistant").at("models");
    auto const listed = f.run(f.caller.call(models, practicus::request::get()));
    CHECK(f.line(f.sent()) == "GET /llm/assistant/models | session model_id=46 | no type");
    CHECK(f.json(listed).at("data").at(0).at("id") == "assistant");
}

TEST_CASE("gateway")
{
    documented f;
    practicus::mock::gateway front("v1");
    front.endpoints = practicus::mock::openai_endpoints();
    f.server.region().add(front);
    auto const token = f.server.region().issue(documented::token_type::gateway, "admin@company.com");
    auto const client = f.holder(token);
    practicus::service_url const gateway(f.server.url());
    auto const chat = gateway.at("v1/chat/completions");
    auto const got = f.run(client.call(chat, practicus::request::json(question)));
    CHECK(f.line(f.sent()) == "POST /v1/chat/completions | session | application/json");
    CHECK(f.sent().headers["authorization"] == "Bearer " + token);
    CHECK(f.sent().body == question);
    CHECK(f.answer_in(got) == "one two");
    CHECK(f.run(streamed_chat(client, chat, streamed())) ==
          std::vector<std::string>{"one ", "two", "[DONE]"});
    // No slash is added to a path of two segments.
    f.run(client.call(gateway.at("v1/models"), practicus::request::get()));
    CHECK(f.line(f.sent()) == "GET /v1/models | session | no type");
    CHECK(f.server.count() == 3);
    f.server.region().revoke_token(token);
    auto const refused = f.failure(client.call(chat, practicus::request::json(question)));
    CHECK(refused.code == practicus::errc::unauthorized);
    CHECK(refused.message == "the client cannot renew the session token that it was given");
    CHECK(f.server.count() == 4);
    // A login gives no token for it, and no other host gets one.
    auto const without = f.failure(f.caller.call(chat, practicus::request::json(question)));
    CHECK(without.code == practicus::errc::login_required);
    CHECK(without.message.find("credentials::session_token") != std::string::npos);
    auto const elsewhere = practicus::service_url("https://elsewhere.com").at("v1/models");
    CHECK(f.failure(client.call(elsewhere, practicus::request::get())).code ==
          practicus::errc::untrusted_origin);
    CHECK(f.server.count() == 4);
}

TEST_CASE("app POST")
{
    documented f;
    auto const app = f.caller.app_url("apps/tools", "viewer", "1");
    auto const got = f.run(f.caller.call(app.at("say-hello/"), practicus::request::json(R"({"name":"x"})")));
    CHECK(f.line(f.sent()) ==
          "POST /apps/tools/viewer/api/v1/say-hello/ | session app_id=78 | application/json");
    CHECK(f.sent().body == R"({"name":"x"})");
    CHECK(got.body == R"({"echo":{"name":"x"}})");
    auto const refused = f.failure(
        f.caller.call(app.at("say-hello/"), practicus::request().content_type("text/plain").body("x")));
    CHECK(refused.status == 422);
    CHECK(refused.server_message == "body: Input should be a valid dictionary");
}

TEST_CASE("app GET with query")
{
    documented f;
    auto const app = f.caller.app_url("apps/tools", "viewer");
    auto const sensor = app.at("sensor/").with_query("table_name", "a table").with_query("row", "1&2");
    auto const got = f.run(f.caller.call(sensor, practicus::request::get()));
    CHECK(f.line(f.sent()) == "GET /apps/tools/viewer/api/sensor/?table_name=a%20table&row=1%262"
                              " | session app_id=78 | no type");
    CHECK(f.sent().body.empty());
    CHECK(f.json(got) == boost::json::value{{"table_name", "a table"}, {"row", "1&2"}});
}

TEST_CASE("app upload")
{
    documented f;
    auto const upload = f.caller.app_url("apps/tools", "viewer").at("upload/");
    practicus::form_data form;
    form.field("note", "two diamonds").file("file", "diamonds.csv", "text/csv", diamonds);
    auto const got = f.run(f.caller.call(upload, practicus::request().multipart(std::move(form))));
    CHECK(f.line(f.sent()) ==
          "POST /apps/tools/viewer/api/upload/ | session app_id=78 | multipart/form-data");
    auto const parts = practicus::mock::parse_multipart(f.sent());
    CHECK(parts.problem.empty());
    REQUIRE(parts.parts.size() == 2);
    CHECK(parts.find("note")->content == "two diamonds");
    CHECK(parts.find("file")->file_name == "diamonds.csv");
    CHECK(parts.find("file")->content_type == "text/csv");
    CHECK(parts.find("file")->content == diamonds);
    auto const answer = f.json(got);
    CHECK(answer.at("files").at(0).at("filename") == "diamonds.csv");
    CHECK(answer.at("files").at(0).at("size") == std::string_view(diamonds).size());
    CHECK(answer.at("fields").at("note") == "two diamonds");
}

TEST_CASE("add-on")
{
    documented f;
    practicus::mock::server langflow;
    langflow.expect("POST", "/api/v1/run/flow").reply(200, R"({"outputs":[]})");
    auto const token = f.run(f.caller.addon_session_token("langflow"));
    CHECK(f.line(f.sent()) == "GET /console/api/externalservice/externalservices/auth/ | access | "
                              "application/x-www-form-urlencoded");
    CHECK(f.sent().body == "ext_svc_key=langflow");
    CHECK(token.claims().type == practicus::token_type::session);
    practicus::service_url const service(langflow.url());
    practicus::client const client(f.io.get_executor(), service,
                                   options_as(practicus::credentials::session_token(token.reveal())));
    auto const got = f.run(client.call(service.at("api/v1/run/flow?stream=false"),
                                       practicus::request::json(R"({"input_value":"hi"})")));
    auto const sent = langflow.requests().back();
    CHECK(f.line(sent) == "POST /api/v1/run/flow?stream=false | session ext_svc_key=\"langflow\" | "
                          "application/json");
    CHECK(sent.headers["authorization"] == "Bearer " + std::string(token.reveal()));
    CHECK(sent.body == R"({"input_value":"hi"})");
    CHECK(got.body == R"({"outputs":[]})");
    CHECK(langflow.count() == 1);
}
