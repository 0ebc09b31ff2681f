// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// The mock server's TLS, and the certificates that it makes.

#include "catch.hpp"
#include "mock_options.hpp"

#include "unit/mock/raw_client.hpp"

#include <practicus/mock/certificate.hpp>
#include <practicus/mock/server.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

namespace asio = boost::asio;
namespace mock = practicus::mock;
namespace ssl = boost::asio::ssl;
using strings = std::vector<std::string>;

namespace {

/// What the handshake's verification says: X509_V_OK or why not.
long verify(mock::server const& server, std::string const& ca, std::string const& name = "localhost")
{
    auto context = raw_client::trusting(ca);
    raw_client client(server);
    client.handshake(context, name);
    return SSL_get_verify_result(client.ssl());
}

struct session_free
{
    void operator()(SSL_SESSION* s) const { SSL_SESSION_free(s); }
};

} // namespace

TEST_CASE("a TLS server is trusted by its authority, under its names")
{
    mock::server server(https_options());
    server.region().add_demo();
    CHECK(server.url().starts_with("https://127.0.0.1:"));
    auto context = raw_client::trusting(server.ca_pem());
    raw_client client(server);
    client.handshake(context);
    REQUIRE_FALSE(client.ec);
    client.send(raw_client::login());
    CHECK(client.answer().result_int() == 200);
    CHECK(verify(server, server.ca_pem(), "127.0.0.1") == X509_V_OK);
    CHECK(verify(server, server.ca_pem(), "::1") == X509_V_OK);
    CHECK(server.server_names().at(0) == "localhost");
    CHECK(server.handshakes() >= 1);
    CHECK(server.problems() == strings());
}

TEST_CASE("certificates that are to be refused are refused")
{
    mock::server expired(https_options(valid_from(two_days_ago)));
    CHECK(verify(expired, expired.ca_pem()) == X509_V_ERR_CERT_HAS_EXPIRED);
    mock::server early(https_options(valid_from(tomorrow)));
    CHECK(verify(early, early.ca_pem()) == X509_V_ERR_CERT_NOT_YET_VALID);
    mock::server named(https_options(certificate_for("DNS:other.company.com")));
    CHECK(verify(named, named.ca_pem(), "other.company.com") == X509_V_OK);
    CHECK(verify(named, named.ca_pem(), "localhost") != X509_V_OK);
    CHECK(verify(named, mock::certificate_authority().pem(), "other.company.com") ==
          X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
}

TEST_CASE("a certificate may come from the caller's authority")
{
    mock::certificate_authority authority;
    mock::server server(https_options(authority.issue(), authority.pem()));
    CHECK(server.ca_pem() == authority.pem());
    CHECK(verify(server, authority.pem()) == X509_V_OK);
}

TEST_CASE("the CA file holds the authority")
{
    mock::server server(https_options());
    auto const path =
        (std::filesystem::temp_directory_path() / ("practicus-" + std::to_string(server.port()))).string();
    server.write_ca_file(path);
    std::ifstream in(path);
    CHECK(std::string(std::istreambuf_iterator<char>(in), {}) == server.ca_pem());
    std::filesystem::remove(path);
    CHECK_THROWS_AS(server.write_ca_file("/nowhere/ca.pem"), std::runtime_error);
}

TEST_CASE("a client certificate may be asked for")
{
    mock::certificate_authority authority;
    mock::server server(server_with([&](auto& o) { o.client_ca = authority.pem(); }, https_options()));
    server.expect("GET", "/x").reply(200);

    auto context = raw_client::trusting(server.ca_pem());
    raw_client nameless(server);
    nameless.handshake(context);
    nameless.get("/x");
    CHECK(nameless.ec);

    auto own = authority.issue();
    context.use_certificate_chain(asio::buffer(own.pem()));
    context.use_private_key(asio::buffer(own.key_pem()), ssl::context::pem);
    raw_client named(server);
    named.handshake(context);
    CHECK(named.get("/x").result_int() == 200);
    CHECK(server.failed_handshakes() == 1);
    CHECK(server.problems() == strings());
}

TEST_CASE("a server may be held to TLS 1.2")
{
    mock::server newest(https_options()),
        old(server_with([](auto&o) { o.tls12_only = true; }, https_options()));
    auto version = [](mock::server const& server) {
        auto context = raw_client::trusting(server.ca_pem());
        raw_client client(server);
        client.handshake(context);
        return SSL_version(client.ssl());
    };
    CHECK(version(newest) == TLS1_3_VERSION);
    CHECK(version(old) == TLS1_2_VERSION);
}

TEST_CASE("sessions are resumed, and counted")
{
    bool const old = GENERATE(false, true);
    bool const renew = GENERATE(false, true);
    mock::server server(server_with(
        [&](auto& o) {
            o.tls12_only = old;
            o.renew_tickets = renew;
        },
        https_options()));
    server.expect("GET", "/x").reply(200).times(2);
    auto context = raw_client::trusting(server.ca_pem());
    raw_client first(server);
    first.handshake(context);
    first.get("/x"); // With TLS 1.3, the tickets come with the first answer.
    std::unique_ptr<SSL_SESSION, session_free> session(SSL_get1_session(first.ssl()));
    CHECK(server.resumed_sessions() == 0);
    raw_client second(server);
    second.handshake(context, "localhost", session.get());
    second.get("/x");
    CHECK(SSL_session_reused(second.ssl()) == 1);
    CHECK(server.resumed_sessions() == 1);
    if (old) CHECK((SSL_get0_session(second.ssl()) != session.get()) == renew);
}

TEST_CASE("a client that does not speak TLS gets no response")
{
    mock::server server(https_options());
    raw_client client(server);
    client.send(raw_client::request("GET", "/"));
    CHECK(client.rest().find("HTTP") == std::string::npos);
    CHECK(server.failed_handshakes() == 1);
    CHECK(server.requests().empty());
}

TEST_CASE("an orderly end says so in TLS, a cut does not")
{
    mock::server server(https_options());
    server.expect("GET", "/orderly").reply(200).then_close();
    server.expect("GET", "/cut").reply(200, "{}").cut_after(10);
    auto context = raw_client::trusting(server.ca_pem());
    raw_client orderly(server);
    orderly.handshake(context);
    orderly.send(raw_client::request("GET", "/orderly"));
    orderly.rest();
    CHECK(orderly.ec == asio::error::eof);
    raw_client cut(server);
    cut.handshake(context);
    cut.send(raw_client::request("GET", "/cut"));
    CHECK(cut.rest().empty());
    CHECK(cut.ec == ssl::error::stream_truncated);
}

TEST_CASE("a handshake is cut at every byte")
{
    // Signatures differ in length by a few bytes, so the last bytes are not always there to be cut.
    mock::server server(https_options());
    auto context = raw_client::trusting(server.ca_pem());
    std::size_t whole = 0;
    {
        raw_client client(server);
        client.handshake(context);
        client.get("/");
    }
    CHECK(server.wait_for_end());
    whole = server.bytes_sent(1);
    REQUIRE(whole > 500);
    for (std::size_t at = 0; at < whole - 500; at += 7) {
        auto cut = server.expect_connection().cut_after(at);
        raw_client client(server);
        client.handshake(context);
        client.send(raw_client::request("GET", "/"));
        client.rest();
        CHECK(client.ec);
        CHECK(cut.met() == 1);
    }
}
