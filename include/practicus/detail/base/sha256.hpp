// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/ascii.hpp>
#include <practicus/error.hpp>

#include <openssl/evp.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>

namespace practicus { inline namespace v1 { namespace detail {

/// Incremental SHA-256. Move-only.
class sha256
{
public:
    sha256() : state_(::EVP_MD_CTX_new(), ::EVP_MD_CTX_free)
    {
        if (!state_ || ::EVP_DigestInit_ex(state_.get(), ::EVP_sha256(), nullptr) != 1) fail();
    }

    void add(std::string_view text)
    {
        if (::EVP_DigestUpdate(state_.get(), text.data(), text.size()) != 1) fail();
    }

    /// Returns the hexadecimal digest of the text so far. More may be added.
    std::string hex() const
    {
        sha256 ended;
        std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
        unsigned size = 0;
        if (::EVP_MD_CTX_copy_ex(ended.state_.get(), state_.get()) != 1 ||
            ::EVP_DigestFinal_ex(ended.state_.get(), digest.data(), &size) != 1)
            fail();
        std::string result;
        for (unsigned i = 0; i != size; ++i)
            append_hex(result, static_cast<char>(digest[i]));
        return result;
    }

private:
    [[noreturn]] static void fail() { throw error(errc::file_error, "no SHA-256 here"); }

    std::unique_ptr<EVP_MD_CTX, decltype(&::EVP_MD_CTX_free)> state_;
};

/// Returns the hexadecimal digest: a file name that does not reveal its source.
inline std::string sha256_hex(std::string_view text)
{
    sha256 whole;
    whole.add(text);
    return whole.hex();
}

}}} // namespace practicus::v1::detail
