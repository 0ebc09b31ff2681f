// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/wipe.hpp>
#include <practicus/error.hpp>
#include <practicus/secret.hpp>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// Encrypts texts with AES-256-GCM (NIST SP 800-38D). A sealed text is bound to a name: under another one it
/// does not open. It is a mark, a random nonce of 12 bytes, the encrypted text and a tag of 16 bytes.
class text_seal
{
public:
    static constexpr std::size_t key_size = 32;

    /// `key` has `key_size` bytes.
    explicit text_seal(secret key) : key_(std::move(key)) {}

    /// Returns true if the text is a sealed one, with any key.
    static bool is_sealed(std::string_view text) noexcept { return text.starts_with(mark); }

    secret seal(std::string_view name, std::string_view text) const
    {
        std::string out(mark);
        out.resize(mark.size() + nonce_size + text.size() + tag_size);
        auto* const nonce = bytes(out) + mark.size();
        auto* const encrypted = nonce + nonce_size;
        int size = 0;
        auto const state = made();
        bool const done =
            ::RAND_bytes(nonce, nonce_size) == 1 &&
            ::EVP_EncryptInit_ex(state.get(), ::EVP_aes_256_gcm(), nullptr, bytes(key_.reveal()), nonce) ==
                1 &&
            ::EVP_EncryptUpdate(state.get(), nullptr, &size, bytes(name), length(name)) == 1 &&
            ::EVP_EncryptUpdate(state.get(), encrypted, &size, bytes(text), length(text)) == 1 &&
            ::EVP_EncryptFinal_ex(state.get(), encrypted + text.size(), &size) == 1 &&
            ::EVP_CIPHER_CTX_ctrl(state.get(), EVP_CTRL_GCM_GET_TAG, tag_size, encrypted + text.size()) == 1;
        if (!done) fail();
        return secret::take(std::move(out));
    }

    /// Returns nothing for a text that was not sealed with this key under this name.
    std::optional<secret> open(std::string_view name, std::string_view sealed) const
    {
        if (!is_sealed(sealed) || sealed.size() < mark.size() + nonce_size + tag_size) return std::nullopt;
        auto const nonce = sealed.substr(mark.size(), nonce_size);
        auto const encrypted =
            sealed.substr(mark.size() + nonce_size, sealed.size() - mark.size() - nonce_size - tag_size);
        std::string tag(sealed.substr(sealed.size() - tag_size));
        std::string text(encrypted.size(), '\0');
        int size = 0;
        unsigned char rest[EVP_MAX_BLOCK_LENGTH];
        auto const state = made();
        bool const is_whole =
            ::EVP_DecryptInit_ex(state.get(), ::EVP_aes_256_gcm(), nullptr, bytes(key_.reveal()),
                                 bytes(nonce)) == 1 &&
            ::EVP_DecryptUpdate(state.get(), nullptr, &size, bytes(name), length(name)) == 1 &&
            ::EVP_DecryptUpdate(state.get(), bytes(text), &size, bytes(encrypted), length(encrypted)) == 1 &&
            ::EVP_CIPHER_CTX_ctrl(state.get(), EVP_CTRL_GCM_SET_TAG, tag_size, tag.data()) == 1 &&
            ::EVP_DecryptFinal_ex(state.get(), rest, &size) == 1;
        auto opened = secret::take(std::move(text));
        if (!is_whole) return std::nullopt;
        return opened;
    }

private:
    using cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&::EVP_CIPHER_CTX_free)>;

    static constexpr std::string_view mark = "practicus:aes256gcm:";
    static constexpr int nonce_size = 12;
    static constexpr int tag_size = 16;

    [[noreturn]] static void fail() { throw error(errc::file_error, "no AES-256-GCM here"); }

    static cipher made()
    {
        cipher result(::EVP_CIPHER_CTX_new(), ::EVP_CIPHER_CTX_free);
        if (!result) fail();
        return result;
    }

    static unsigned char* bytes(std::string& text) noexcept
    {
        return reinterpret_cast<unsigned char*>(text.data());
    }
    static unsigned char const* bytes(std::string_view text) noexcept
    {
        return reinterpret_cast<unsigned char const*>(text.data());
    }
    static int length(std::string_view text) noexcept { return static_cast<int>(text.size()); }

    secret key_;
};

}}} // namespace practicus::v1::detail
