// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "fixture.hpp"
#include "raw_server.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

#include <unistd.h>

using practicus::client_options;
using practicus::errc;
using practicus::tls_options;

namespace {

client_options trusting(fixture const& f)
{
    return options_with([&](auto& o) { o.tls.ca_pem = f.server.ca_pem(); });
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

/// A folder for the files of one test.
struct folder
{
    folder() : path(std::filesystem::temp_directory_path() / ("practicus-tls-" + std::to_string(::getpid())))
    {
        std::filesystem::create_directories(path);
    }
    ~folder() { std::filesystem::remove_all(path); }

    std::string file(std::string const& name, std::string const& text) const
    {
        std::ofstream(path / name) << text;
        return (path / name).string();
    }

    std::filesystem::path path;
};

/// A certificate that signs itself, with `localhost` as its common name, and such names as are given.
practicus::mock::certificate self_signed(std::string const& names)
{
    namespace d = practicus::mock::detail;
    d::key_ptr const key(EVP_EC_gen("P-256"));
    auto const cert =
        d::make_certificate(key.get(), "localhost", nullptr, std::chrono::hours(-24), std::chrono::hours(24));
    if (!names.empty()) d::add_extension(cert.get(), cert.get(), NID_subject_alt_name, names);
    d::openssl_check(X509_sign(cert.get(), key.get(), EVP_sha256()) > 0);
    return {d::to_pem([&](BIO* out) { return PEM_write_bio_X509(out, cert.get()); }),
            d::to_pem([&](BIO* out) {
                return PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
            })};
}

/// Makes a server believe the certificates of an authority.
void trust(SSL_CTX* context, practicus::mock::certificate_authority const& authority)
{
    namespace d = practicus::mock::detail;
    auto const& pem = authority.pem();
    d::bio_ptr const in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    d::x509_ptr const certificate(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
    ::X509_STORE_add_cert(::SSL_CTX_get_cert_store(context), certificate.get());
}

/// One call of the cluster, and what became of it.
struct cluster_call
{
    cluster_call(asio::io_context& io, practicus::client const& client)
    {
        asio::co_spawn(io, client.cluster_info(),
                       [this](std::exception_ptr e, practicus::cluster_info const&) {
                           ended = true;
                           served = !e;
                       });
    }

    bool ended = false;
    bool served = false;
};

constexpr char const* empty_cluster =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

/// The error of making a client with these options.
practicus::error_info refused_options(tls_options const& options)
{
    asio::io_context io;
    try {
        practicus::client const client(io.get_executor(), "https://localhost",
                                       options_with([&](auto& o) { o.tls = options; }));
    } catch (practicus::error const& e) {
        return e.info();
    }
    FAIL("the options were taken");
    return {};
}

} // namespace

TEST_CASE("the whole flow over verified TLS")
{
    fixture f{https_options()};
    auto client = f.user(trusting(f));
    CHECK(f.run(client.models()).size() == 5);
    CHECK(f.run(client.session_token(client.model_url("models/practicus", "diamond-price"))));
    CHECK(f.server.failed_handshakes() == 0);
    // An address is no server name.
    CHECK(f.server.server_names().front().empty());
}

TEST_CASE("a CA file")
{
    fixture f{https_options()};
    auto const path =
        std::filesystem::temp_directory_path() / ("practicus-ca-" + std::to_string(f.server.port()));
    f.server.write_ca_file(path.string());
    CHECK(f.run(f.user(options_with([&](auto& o) { o.tls.ca_file = path.string(); })).models()).size() == 5);
    std::filesystem::remove(path);
    CHECK_THROWS_AS(f.client(options_with([&](auto& o) { o.tls.ca_file = path.string(); })),
                    practicus::error);
    try {
        f.client(options_with([&](auto& o) { o.tls.ca_file = path.string(); }));
    } catch (practicus::error const& e) {
        CHECK(e.code() == errc::file_error);
        CHECK(std::string(e.what()).find(path.string()) != std::string::npos);
    }
}

TEST_CASE("a host name is sent and verified")
{
    fixture f{https_options(certificate_for("DNS:localhost"))};
    auto const url = "https://localhost:" + std::to_string(f.server.port());
    practicus::client client(f.io.get_executor(), url, options_as(fixture::password(), trusting(f)));
    CHECK(f.run(client.models()).size() == 5);
    CHECK(f.server.server_names().front() == "localhost");
}

TEST_CASE("a certificate for another host is refused")
{
    {
        fixture f{https_options(certificate_for("DNS:other.company.com"))};
        CHECK(refused(f, trusting(f)).code == errc::certificate_host_mismatch);
    }
    fixture f{https_options(certificate_for("DNS:other.company.com,IP:127.0.0.1"))};
    auto const url = "https://localhost:" + std::to_string(f.server.port());
    practicus::client client(f.io.get_executor(), url, trusting(f));
    CHECK(f.failure(client.login("admin@company.com", "practicus")).code == errc::certificate_host_mismatch);
    CHECK(f.server.wait_for_end());
    CHECK(f.server.count() == 0);
}

TEST_CASE("a certificate of an unknown authority is refused")
{
    fixture f{https_options()};
    auto const info = refused(f, client_options());
    CHECK(info.code == errc::certificate_untrusted);
    CHECK_FALSE(info.message.empty());
    practicus::mock::certificate_authority other;
    CHECK(refused(f, options_with([&](auto& o) { o.tls.ca_pem = other.pem(); })).code ==
          errc::certificate_untrusted);
}

TEST_CASE("a certificate out of its time is refused")
{
    {
        fixture f{https_options(valid_from(two_days_ago))};
        CHECK(refused(f, trusting(f)).code == errc::certificate_expired);
    }
    fixture f{https_options(valid_from(tomorrow))};
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
    fixture f{https_options()};
    practicus::client client(f.io.get_executor(), "http://" + f.server.authority());
    // OpenSSL knows a request when it sees one, and hangs up.
    auto info = f.failure(client.login("admin@company.com", "practicus"));
    CHECK(info.code == errc::connection_lost);
    CHECK(info.cause == asio::error::eof);
    CHECK(info.message.find("https") != std::string::npos);
    // Others send an alert.
    f.server.expect_connection().raw("\x15\x03\x03\x01\x02\x02\x46");
    info = f.failure(client.login("admin@company.com", "practicus"));
    CHECK(info.code == errc::malformed_response);
    CHECK(info.message.find("https") != std::string::npos);
    CHECK(f.server.wait_for_end());
    CHECK(f.server.count() == 0);
    CHECK(f.server.handshakes() == 0);
}

TEST_CASE("a server whose TLS offers HTTP/2 only is reported as such")
{
    fixture f{https_options()};
    // no_application_protocol (RFC 7301 section 3.2).
    f.server.expect_connection().raw("\x15\x03\x03" + std::string("\0\2\2\x78", 4));
    auto const info = refused(f, f.once(trusting(f)));
    CHECK(info.code == errc::tls_failed);
    CHECK(info.message.find("the server speaks HTTP/2 only") == 0);
}

TEST_CASE("a body without a length is whole only when the peer says so")
{
    fixture f{https_options()};
    auto client = f.user(f.once(trusting(f)));
    f.run(client.cluster_info());
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
    fixture f{https_options()};
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
    fixture f{server_with(
        [&](auto& o) {
            o.tls12_only = old;
            o.client_ca = authority.pem();
        },
        https_options())};
    CHECK(f.failure(f.client(trusting(f)).login("admin@company.com", "practicus")).code == errc::tls_failed);
    CHECK(f.server.wait_for_end());
    CHECK(f.server.count() == 0);

    auto const folder =
        std::filesystem::temp_directory_path() / ("practicus-tls-" + std::to_string(f.server.port()));
    std::filesystem::create_directory(folder);
    auto const own = authority.issue();
    std::ofstream(folder / "cert.pem") << own.pem();
    std::ofstream(folder / "key.pem") << own.key_pem();
    auto options = options_with<tls_options>([&](auto& o) { o.ca_pem = f.server.ca_pem(); });
    options.certificate_file = (folder / "cert.pem").string();
    options.key_file = (folder / "key.pem").string();
    CHECK(f.run(f.user(options_with([&](auto& o) { o.tls = options; })).models()).size() == 5);
    std::filesystem::remove_all(folder);
}

TEST_CASE("verification is off only through the option with the long name")
{
    fixture f{https_options(certificate_for("DNS:other.company.com", valid_from(two_days_ago)))};
    auto const options =
        options_with([&](auto& o) { o.tls.disable_verification_and_expose_all_secrets = true; });
    CHECK(f.run(f.user(options).models()).size() == 5);
}

TEST_CASE("a saved session that breaks the handshake is not offered again")
{
    // A server that asks for certificates and has no session id context resumes nothing, and says so by an
    // alert (rust-openssl#1235).
    auto const what = GENERATE(raw_server::speaks::tls12, raw_server::speaks::tls13);
    bool const new_sessions = what == raw_server::speaks::tls12 || GENERATE(true, false);
    raw_server server(what);
    practicus::mock::certificate_authority authority;
    trust(server.context(), authority);
    ::SSL_CTX_set_verify(server.context(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    folder const files;
    auto const own = authority.issue();
    auto options = server.options();
    options.tls.certificate_file = files.file("cert.pem", own.pem());
    options.tls.key_file = files.file("key.pem", own.key_pem());
    asio::io_context io;
    practicus::client client(io.get_executor(), server.url(), options);
    std::vector<std::unique_ptr<raw_peer>> peers;
    for (int i = 0; i != 3; ++i) {
        cluster_call const call(io, client);
        std::size_t answered = 0;
        poll_until(io, [&] {
            if (auto peer = server.try_accept()) peers.push_back(std::move(peer));
            for (auto const& peer : peers)
                if (peer->read() && peer->received().ends_with("\r\n\r\n")) {
                    peer->send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n"
                               "Content-Length: 2\r\n\r\n{}");
                    peer->forget();
                    ++answered;
                }
            return call.ended;
        });
        INFO(i);
        if (!new_sessions) ::SSL_CTX_set_num_tickets(server.context(), 0);
        CHECK(call.served);
        CHECK(answered == 1);
    }
    // The second and the third offered what the one before had brought, and were repeated without it. Where
    // there was nothing new, the third offered nothing: the first had brought several, which are all gone.
    CHECK(peers.size() == (new_sessions ? 5 : 4));
    CHECK(client.stats().connections.resumptions == 0);
    CHECK(client.stats().connections.connect_failures == 0);
}

TEST_CASE("a common name is no host name")
{
    bool const named = GENERATE(true, false);
    auto const own = self_signed(named ? "DNS:localhost" : "");
    fixture f{https_options(own, own.pem())};
    auto const url = "https://localhost:" + std::to_string(f.server.port());
    practicus::client client(f.io.get_executor(), url, options_as(fixture::password(), trusting(f)));
    if (named) {
        // It is its own authority.
        CHECK(f.run(client.models()).size() == 5);
    } else {
        CHECK(f.failure(client.login("admin@company.com", "practicus")).code ==
              errc::certificate_host_mismatch);
        CHECK(f.server.wait_for_end());
    }
}

TEST_CASE("the server's own certificate may be trusted, without its authority")
{
    practicus::mock::certificate_authority const authority;
    auto const own = authority.issue();
    fixture f{https_options(own, own.pem())};
    CHECK(f.run(f.user(trusting(f)).models()).size() == 5);
}

TEST_CASE("an encrypted key is opened with its password, and never by asking for it")
{
    practicus::mock::certificate_authority const authority;
    auto const own = authority.issue();
    folder const files;
    practicus::mock::detail::bio_ptr const in(
        BIO_new_mem_buf(own.key_pem().data(), static_cast<int>(own.key_pem().size())));
    practicus::mock::detail::key_ptr const key(PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr));
    auto const locked = practicus::mock::detail::to_pem([&](BIO* out) {
        return PEM_write_bio_PrivateKey(out, key.get(), EVP_aes_256_cbc(),
                                        reinterpret_cast<unsigned char const*>("hunter2"), 7, nullptr,
                                        nullptr);
    });
    auto options = options_with<tls_options>([&](auto& o) {
        o.certificate_file = files.file("cert.pem", own.pem());
        o.key_file = files.file("key.pem", locked);
    });
    auto info = refused_options(options);
    CHECK(info.code == errc::file_error);
    CHECK(info.message.find("(client_options::tls.key_file) cannot be used") != std::string::npos);
    CHECK(info.message.find("needs tls.key_password") != std::string::npos);
    options.key_password = practicus::secret("hunter3");
    info = refused_options(options);
    CHECK(info.code == errc::file_error);
    CHECK(info.message.find("hunter") == std::string::npos);
    asio::io_context io;
    options.key_password = practicus::secret("hunter2");
    CHECK_NOTHROW(practicus::client(io.get_executor(), "https://localhost",
                                    options_with([&](auto& o) { o.tls = options; })));
}

TEST_CASE("a client certificate and a key of another kind are refused")
{
    practicus::mock::certificate_authority const authority;
    auto const own = authority.issue();
    auto const of_other = authority.issue();
    folder const files;
    practicus::mock::detail::key_ptr const rsa(EVP_RSA_gen(2048));
    auto const rsa_pem = practicus::mock::detail::to_pem([&](BIO* out) {
        return PEM_write_bio_PrivateKey(out, rsa.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
    auto const certificate = files.file("cert.pem", own.pem());
    for (auto const& key : {of_other.key_pem(), rsa_pem}) {
        auto const info = refused_options(options_with<tls_options>([&](auto& o) {
            o.certificate_file = certificate;
            o.key_file = files.file("key.pem", key);
        }));
        CHECK(info.code == errc::file_error);
        CHECK(info.message.find("(client_options::tls.key_file) cannot be used") != std::string::npos);
    }
}

TEST_CASE("a renegotiation that a server of TLS 1.2 asks for is refused, and the exchange goes on")
{
    raw_server server(raw_server::speaks::tls12);
    asio::io_context io;
    practicus::client const client(io.get_executor(), server.url(), server.options());
    cluster_call const call(io, client);
    auto const peer = server.accept(io);
    poll_until(io, [&] { return peer->read() && peer->received().ends_with("\r\n\r\n"); });
    REQUIRE(::SSL_renegotiate(peer->ssl()) == 1);
    REQUIRE(::SSL_do_handshake(peer->ssl()) == 1);
    peer->send(empty_cluster);
    poll_until(io, [&] { return call.ended; });
    CHECK(call.served);
    // What the client has answered is an alert, and no handshake.
    ::ERR_clear_error();
    CHECK_FALSE(peer->read());
    CHECK(ERR_GET_REASON(::ERR_peek_error()) == SSL_R_NO_RENEGOTIATION);
}

TEST_CASE("a server of TLS 1.3 may ask for the certificate when it has seen the request")
{
    bool const has_certificate = GENERATE(true, false);
    raw_server server(raw_server::speaks::tls13);
    practicus::mock::certificate_authority const authority;
    trust(server.context(), authority);
    ::SSL_CTX_set_verify(server.context(), SSL_VERIFY_PEER | SSL_VERIFY_POST_HANDSHAKE, nullptr);
    folder const files;
    auto const own = authority.issue();
    auto options = server.options();
    if (has_certificate) {
        // The key in the certificate's own file.
        options.tls.certificate_file = files.file("cert.pem", own.pem() + own.key_pem());
    }
    asio::io_context io;
    practicus::client const client(io.get_executor(), server.url(), options);
    cluster_call const call(io, client);
    auto const peer = server.accept(io);
    poll_until(io, [&] { return peer->read() && peer->received().ends_with("\r\n\r\n"); });
    using shown = std::unique_ptr<X509, decltype(&::X509_free)>;
    auto const certificate = [&] { return shown(::SSL_get1_peer_certificate(peer->ssl()), &::X509_free); };
    CHECK_FALSE(certificate());
    // It is offered only where there is one.
    REQUIRE((::SSL_verify_client_post_handshake(peer->ssl()) == 1) == has_certificate);
    if (has_certificate) {
        REQUIRE(::SSL_do_handshake(peer->ssl()) == 1);
        poll_until(io, [&] {
            peer->read();
            return certificate() != nullptr;
        });
        CHECK(::SSL_get_verify_result(peer->ssl()) == X509_V_OK);
    }
    peer->send(empty_cluster);
    poll_until(io, [&] { return call.ended; });
    CHECK(call.served);
}

TEST_CASE("an alert is reported although a write failed before it was read")
{
    // The server hangs up while the request is written, after each step of that in turn.
    int written = 0;
    for (int steps = 0; steps != 12; ++steps) {
        INFO(steps);
        raw_server server(raw_server::speaks::tls13);
        ::SSL_CTX_set_verify(server.context(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
        asio::io_context io;
        practicus::client const client(io.get_executor(), server.url(), server.options());
        bool ended = false;
        boost::system::error_code failed;
        std::string const long_password(300'000, 'x');
        asio::co_spawn(io, client.login("a@b.c", long_password), [&](std::exception_ptr e) {
            ended = true;
            try {
                if (e) std::rethrow_exception(e);
            } catch (practicus::error const& told) {
                failed = told.code();
            }
        });
        auto const peer = server.accept(io);
        auto* const ssl = peer->ssl();
        // Its part of the handshake is sent; it waits for the client's.
        poll_until(io, [&] {
            ::SSL_do_handshake(ssl);
            return ::SSL_get_state(ssl) != TLS_ST_BEFORE;
        });
        for (int i = 0; i != steps; ++i) {
            io.restart();
            io.poll_one();
        }
        poll_until(io, [&] { return ::SSL_get_error(ssl, ::SSL_do_handshake(ssl)) == SSL_ERROR_SSL; });
        boost::system::error_code code;
        written += peer->socket().available(code) != 0 ? 1 : 0;
        peer->socket().set_option(asio::socket_base::linger(true, 0));
        peer->socket().close();
        poll_until(io, [&] { return ended; });
        CHECK(failed == errc::tls_failed);
    }
    CHECK(written > 6);
}
