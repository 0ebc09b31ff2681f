// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "fixture.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>

using practicus::client_options;
using practicus::errc;
using practicus::tls_options;
using practicus::mock::certificate_options;
using practicus::mock::server_options;

namespace {

client_options trusting(fixture const& f)
{
    return client_options().tls(tls_options().ca_pem(f.server.ca_pem()));
}

/// A login that must fail before anything was sent.
practicus::error_info refused(fixture& f, client_options options)
{
    auto const info = f.failure(f.client(std::move(options)).login("admin@company.com", "practicus"));
    CHECK(info.request == "POST /console/api/auth/");
    CHECK(f.server.wait_for_end());
    CHECK(f.server.count() == 0);
    CHECK(f.server.requests().empty());
    return info;
}

} // namespace

TEST_CASE("the whole flow over verified TLS")
{
    fixture f{server_options().tls()};
    auto client = f.user(trusting(f));
    CHECK(f.run(client.models()).size() == 5);
    CHECK(f.run(client.session_token(client.model_url("models/practicus", "diamond-price"))));
    CHECK(f.server.failed_handshakes() == 0);
    // An address is no server name.
    CHECK(f.server.server_names().front().empty());
}

TEST_CASE("a CA file")
{
    fixture f{server_options().tls()};
    auto const path =
        std::filesystem::temp_directory_path() / ("practicus-ca-" + std::to_string(f.server.port()));
    f.server.write_ca_file(path.string());
    CHECK(f.run(f.user(client_options().tls(tls_options().ca_file(path.string()))).models()).size() == 5);
    std::filesystem::remove(path);
    CHECK_THROWS_AS(f.client(client_options().tls(tls_options().ca_file(path.string()))), practicus::error);
    try {
        f.client(client_options().tls(tls_options().ca_file(path.string())));
    } catch (practicus::error const& e) {
        CHECK(e.code() == errc::file_error);
        CHECK(std::string(e.what()).find(path.string()) != std::string::npos);
    }
}

TEST_CASE("a host name is sent and verified")
{
    fixture f{server_options().tls(certificate_options().names("DNS:localhost"))};
    auto const url = "https://localhost:" + std::to_string(f.server.port());
    practicus::client client(f.io.get_executor(), url, trusting(f).credentials(fixture::password()));
    CHECK(f.run(client.models()).size() == 5);
    CHECK(f.server.server_names().front() == "localhost");
}

TEST_CASE("a certificate for another host is refused")
{
    {
        fixture f{server_options().tls(certificate_options().names("DNS:other.company.com"))};
        CHECK(refused(f, trusting(f)).code == errc::certificate_host_mismatch);
    }
    fixture f{server_options().tls(certificate_options().names("DNS:other.company.com,IP:127.0.0.1"))};
    auto const url = "https://localhost:" + std::to_string(f.server.port());
    practicus::client client(f.io.get_executor(), url, trusting(f));
    CHECK(f.failure(client.login("admin@company.com", "practicus")).code == errc::certificate_host_mismatch);
    CHECK(f.server.wait_for_end());
    CHECK(f.server.count() == 0);
}

TEST_CASE("a certificate of an unknown authority is refused")
{
    fixture f{server_options().tls()};
    auto const info = refused(f, client_options());
    CHECK(info.code == errc::certificate_untrusted);
    CHECK_FALSE(info.message.empty());
    practicus::mock::certificate_authority other;
    CHECK(refused(f, client_options().tls(tls_options().ca_pem(other.pem()))).code ==
          errc::certificate_untrusted);
}

TEST_CASE("a certificate out of its time is refused")
{
    {
        fixture f{server_options().tls(certificate_options().expired())};
        CHECK(refused(f, trusting(f)).code == errc::certificate_expired);
    }
    fixture f{server_options().tls(certificate_options().not_yet_valid())};
    CHECK(refused(f, trusting(f)).code == errc::certificate_expired);
}

TEST_CASE("plain HTTP on a port that should speak TLS")
{
    fixture f;
    practicus::client client(f.io.get_executor(), "https://" + f.server.authority());
    CHECK(f.failure(client.login("admin@company.com", "practicus")).code == errc::not_tls);
    CHECK(f.server.wait_for_end());
    CHECK(f.server.count() == 0);
    f.server.region().clear_violations();
}

TEST_CASE("TLS on a port that should speak plain HTTP")
{
    fixture f{server_options().tls()};
    practicus::client client(f.io.get_executor(), "http://" + f.server.authority());
    // OpenSSL knows a request when it sees one, and hangs up.
    auto info = f.failure(client.login("admin@company.com", "practicus"));
    CHECK(info.code == errc::connection_lost);
    CHECK(info.cause == asio::error::eof);
    // Others send an alert.
    f.server.expect_connection().raw("\x15\x03\x03\x01\x02\x02\x46");
    info = f.failure(client.login("admin@company.com", "practicus"));
    CHECK(info.code == errc::malformed_response);
    CHECK(f.server.wait_for_end());
    CHECK(f.server.count() == 0);
    CHECK(f.server.handshakes() == 0);
}

TEST_CASE("a body without a length is whole only when the peer says so")
{
    fixture f{server_options().tls()};
    auto client = f.user(f.once(trusting(f)));
    f.run(client.cluster());
    f.server.expect("GET", "/console/api/modelhost/model-prefixes/").reply(200, "[]").until_close();
    CHECK(f.run(client.model_prefixes()).empty());
    f.server.expect("GET", "/console/api/modelhost/model-prefixes/")
        .reply(200, "[]")
        .until_close()
        .cut_after_head(2);
    CHECK(f.failure(client.model_prefixes()).code == errc::connection_lost);
}

TEST_CASE("a handshake that is cut")
{
    fixture f{server_options().tls()};
    for (std::size_t const bytes : {0U, 5U, 500U}) {
        f.server.expect_connection().cut_after(bytes);
        auto const info = refused(f, f.once(trusting(f)));
        CHECK(info.code == errc::connection_lost);
        CHECK(info.message == "in the TLS handshake");
        CHECK(info.cause);
    }
}

TEST_CASE("TLS 1.2 and 1.3 are spoken, and a client certificate shown where it is asked for")
{
    bool const old = GENERATE(true, false);
    practicus::mock::certificate_authority authority;
    fixture f{server_options().tls12_only(old).tls().client_ca(authority.pem())};
    CHECK(f.failure(f.client(trusting(f)).login("admin@company.com", "practicus")).code == errc::tls_failed);
    CHECK(f.server.wait_for_end());
    CHECK(f.server.count() == 0);

    auto const folder =
        std::filesystem::temp_directory_path() / ("practicus-tls-" + std::to_string(f.server.port()));
    std::filesystem::create_directory(folder);
    auto const own = authority.issue();
    std::ofstream(folder / "cert.pem") << own.pem();
    std::ofstream(folder / "key.pem") << own.key_pem();
    auto options = tls_options().ca_pem(f.server.ca_pem());
    options.client_certificate((folder / "cert.pem").string(), (folder / "key.pem").string());
    CHECK(f.run(f.user(client_options().tls(options)).models()).size() == 5);
    std::filesystem::remove_all(folder);
}

TEST_CASE("verification is off only for who calls it by its name")
{
    fixture f{server_options().tls(certificate_options().expired().names("DNS:other.company.com"))};
    auto const options = client_options().tls(tls_options().disable_verification_and_expose_all_secrets());
    CHECK(f.run(f.user(options).models()).size() == 5);
}
