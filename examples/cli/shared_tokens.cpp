// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "shared_tokens.hpp"

#ifdef PRACTICUS_WITH_REDIS
#include <practicus/redis_token_store.hpp>
#endif

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

namespace cli {

#ifdef PRACTICUS_WITH_REDIS

namespace {

constexpr char const* key_variable = "PRACTICUS_TOKEN_STORE_KEY";

[[noreturn]] void refuse_key()
{
    throw usage_error(std::string(key_variable) + " must be 64 hexadecimal digits: openssl rand -hex 32");
}

char digit(char c)
{
    auto const at = std::string_view("0123456789abcdefABCDEF").find(c);
    if (at == std::string_view::npos) refuse_key();
    return static_cast<char>(at < 16 ? at : at - 6);
}

practicus::secret encryption_key()
{
    auto const* const text = std::getenv(key_variable);
    if (text == nullptr) return {};
    std::string_view const digits(text);
    if (digits.size() != 64) refuse_key();
    std::string bytes;
    for (std::size_t i = 0; i < digits.size(); i += 2)
        bytes += static_cast<char>(digit(digits[i]) * 16 + digit(digits[i + 1]));
    return practicus::secret::take(std::move(bytes));
}

bool is_tls(std::string_view url)
{
    constexpr std::string_view scheme = "rediss:";
    return std::equal(scheme.begin(), scheme.end(), url.begin(),
                      url.begin() + std::min(url.size(), scheme.size()),
                      [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); });
}

} // namespace

std::shared_ptr<practicus::token_store> shared_tokens(settings const& with, practicus::tls_options const& tls)
{
    practicus::redis_token_store_options options;
    options.url = practicus::secret(with.token_store);
    options.encryption_key = encryption_key();
    if (is_tls(with.token_store)) {
        options.tls.ca_file = tls.ca_file;
        options.tls.ca_pem = tls.ca_pem;
        options.tls.system_roots = tls.system_roots;
    }
    try {
        return std::make_shared<practicus::redis_token_store>(options);
    } catch (practicus::error const& e) {
        throw usage_error("--token-store: " + e.info().message);
    }
}

#else

std::shared_ptr<practicus::token_store> shared_tokens(settings const&, practicus::tls_options const&)
{
    throw usage_error("--token-store: this program was built without hiredis");
}

#endif

} // namespace cli
