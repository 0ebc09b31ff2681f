// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "peer.hpp"

#include <curl/curl.h>

int main(int argc, char** argv)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    auto versions = bench::library_versions();
    auto const* const ours = curl_version_info(CURLVERSION_NOW);
    versions["libcurl"] = ours->version;
    versions["tls"] = ours->ssl_version;
    return bench::run({"libcurl", versions, bench::make_curl_loop, {}}, argc, argv);
}
