// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// The least that a user's program does: it names an error and reads a url. It calls each library that the
// target links.

#include <practicus/error.hpp>
#include <practicus/url.hpp>

#include <boost/json/parse.hpp>
#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <zlib.h>

#include <iostream>
#include <thread>

int main()
{
    practicus::service_url const service{"https://practicus.company.com"};
    practicus::model_url const model{service, "models/practicus", "diamond-price"};
    practicus::error const error{practicus::errc::not_found, "diamond-price"};

    std::thread([&] { std::cout << model.str() << ": " << error.what() << '\n'; }).join();
    SSL_CTX_free(SSL_CTX_new(TLS_client_method()));
    std::cout << boost::json::parse("[1]").as_array().size() << ", " << OpenSSL_version(OPENSSL_VERSION)
              << ", zlib " << zlibVersion() << '\n';
    return error.code() == practicus::errc::not_found ? 0 : 1;
}
