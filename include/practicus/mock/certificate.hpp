// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <cstdint>
#include <ctime>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 { namespace mock {

/// A certificate and its private key, both as PEM.
class certificate
{
public:
    /// Stores both unchecked.
    certificate(std::string cert, std::string key) : pem_(std::move(cert)), key_pem_(std::move(key)) {}

    /// The certificate; what stands behind it in the text is its chain.
    std::string const& pem() const noexcept { return pem_; }
    /// The private key, not encrypted.
    std::string const& key_pem() const noexcept { return key_pem_; }

private:
    std::string pem_;
    std::string key_pem_;
};

/// The contents of a certificate. Default: good for `localhost`, `127.0.0.1` and `::1`, from yesterday for a
/// year.
struct certificate_options
{
    // Keeps g++ 12 from destroying a temporary of it twice in a co_await expression.
    certificate_options() {}

    /// The subject's alternative names, as OpenSSL writes them: `DNS:a.company.com,IP:127.0.0.1`.
    std::string names = "DNS:localhost,IP:127.0.0.1,IP:::1";
    /// The begin of the validity, relative to now.
    std::chrono::seconds not_before = std::chrono::hours(-24);
    /// The end of the validity, relative to now.
    std::chrono::seconds not_after = std::chrono::hours(24 * 365);
};

namespace detail {

template <auto Free>
struct openssl_free
{
    template <class T>
    void operator()(T* p) const noexcept
    {
        Free(p);
    }
};

using key_ptr = std::unique_ptr<EVP_PKEY, openssl_free<EVP_PKEY_free>>;
using x509_ptr = std::unique_ptr<X509, openssl_free<X509_free>>;
using bio_ptr = std::unique_ptr<BIO, openssl_free<BIO_free_all>>;
using extension_ptr = std::unique_ptr<X509_EXTENSION, openssl_free<X509_EXTENSION_free>>;

inline void openssl_check(bool ok)
{
    if (!ok) throw std::runtime_error("OpenSSL could not make a certificate");
}

template <class Write>
std::string to_pem(Write write)
{
    bio_ptr bio(BIO_new(BIO_s_mem()));
    openssl_check(bio && write(bio.get()) == 1);
    char* data = nullptr;
    auto size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

inline void add_extension(X509* cert, X509* issuer, int nid, std::string const& value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, cert, nullptr, nullptr, 0);
    extension_ptr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
    openssl_check(extension && X509_add_ext(cert, extension.get(), -1) == 1);
}

/// A version 3 certificate with everything but its extensions and its signature.
inline x509_ptr make_certificate(EVP_PKEY* key, std::string_view name, X509* issuer,
                                 std::chrono::seconds from, std::chrono::seconds to)
{
    x509_ptr cert(X509_new());
    openssl_check(cert != nullptr);
    std::uint64_t serial = 0;
    openssl_check(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1);
    auto* subject = X509_get_subject_name(cert.get());
    openssl_check(X509_set_version(cert.get(), 2) == 1 &&
                  ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert.get()), serial >> 1) == 1 &&
                  X509_gmtime_adj(X509_getm_notBefore(cert.get()), static_cast<long>(from.count())) &&
                  X509_gmtime_adj(X509_getm_notAfter(cert.get()), static_cast<long>(to.count())) &&
                  X509_set_pubkey(cert.get(), key) == 1 &&
                  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                             reinterpret_cast<unsigned char const*>(name.data()),
                                             static_cast<int>(name.size()), -1, 0) == 1);
    auto* issuer_name = issuer == nullptr ? subject : X509_get_subject_name(issuer);
    openssl_check(X509_set_issuer_name(cert.get(), issuer_name) == 1);
    return cert;
}

} // namespace detail

/// Issues certificates (ECDSA, P-256), all made in memory. Each one is another authority, with another key.
class certificate_authority
{
public:
    certificate_authority() : key_(EVP_EC_gen("P-256"))
    {
        using namespace std::chrono;
        detail::openssl_check(key_ != nullptr);
        // An issuer is found by its name, so two authorities must not share theirs.
        std::uint32_t number = 0;
        RAND_bytes(reinterpret_cast<unsigned char*>(&number), sizeof number);
        cert_ = detail::make_certificate(key_.get(), "practicus mock CA " + std::to_string(number), nullptr,
                                         hours(-24 * 30), hours(24 * 3650));
        detail::add_extension(cert_.get(), cert_.get(), NID_basic_constraints, "critical,CA:TRUE");
        detail::add_extension(cert_.get(), cert_.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
        detail::add_extension(cert_.get(), cert_.get(), NID_subject_key_identifier, "hash");
        sign(cert_.get());
    }

    /// The authority's certificate as PEM, for clients to trust.
    std::string pem() const
    {
        return detail::to_pem([&](BIO* out) { return PEM_write_bio_X509(out, cert_.get()); });
    }

    /// Issues a certificate for a server or a client.
    certificate issue(certificate_options const& options = certificate_options()) const
    {
        detail::key_ptr key(EVP_EC_gen("P-256"));
        detail::openssl_check(key != nullptr);
        auto cert = detail::make_certificate(key.get(), "practicus mock", cert_.get(), options.not_before,
                                             options.not_after);
        detail::add_extension(cert.get(), cert_.get(), NID_basic_constraints, "critical,CA:FALSE");
        detail::add_extension(cert.get(), cert_.get(), NID_ext_key_usage, "serverAuth,clientAuth");
        detail::add_extension(cert.get(), cert_.get(), NID_authority_key_identifier, "keyid");
        if (!options.names.empty())
            detail::add_extension(cert.get(), cert_.get(), NID_subject_alt_name, options.names);
        sign(cert.get());
        return {detail::to_pem([&](BIO* out) { return PEM_write_bio_X509(out, cert.get()); }),
                detail::to_pem([&](BIO* out) {
                    return PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
                })};
    }

private:
    void sign(X509* cert) const { detail::openssl_check(X509_sign(cert, key_.get(), EVP_sha256()) != 0); }

    detail::key_ptr key_;
    detail::x509_ptr cert_;
};

}}} // namespace practicus::v1::mock
