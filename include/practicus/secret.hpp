// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/wipe.hpp>

#include <openssl/crypto.h>

#include <cstddef>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 {

/// A password or a token: immutable, wiped when the last copy is destroyed, and not printable by accident.
///
/// A copy shares the bytes and costs a reference count. A secret cannot be streamed, formatted or converted
/// to a string; only `reveal()` returns the bytes. Thread safety: as `std::shared_ptr`.
///
/// The string that a constructor copies is not wiped; `secret::take` wipes it.
class secret
{
public:
    secret() noexcept = default;

    /// Copies `value`, which stays as it is.
    explicit secret(std::string_view value)
        : bytes_(value.empty() ? nullptr : std::make_shared<buffer const>(value))
    {}

    /// Copies the text. A null pointer is an empty text, as `std::getenv` returns one.
    explicit secret(char const* value) : secret(std::string_view(value != nullptr ? value : "")) {}

    /// Copies `value`, then wipes and clears it.
    [[nodiscard]] static secret take(std::string&& value)
    {
        secret result{std::string_view(value)};
        detail::wipe(value.data(), value.size());
        value.clear();
        return result;
    }

    /// Returns true if empty.
    [[nodiscard]] bool empty() const noexcept { return bytes_ == nullptr; }
    /// Returns true if not empty.
    explicit operator bool() const noexcept { return !empty(); }
    /// Returns the number of bytes.
    std::size_t size() const noexcept { return bytes_ ? bytes_->size : 0; }

    /// Returns the bytes. They live as long as any copy of this secret.
    [[nodiscard]] std::string_view reveal() const noexcept
    {
        return bytes_ ? std::string_view(bytes_->data.get(), bytes_->size) : std::string_view();
    }

    /// Compares in a time that does not depend on the position of a difference.
    friend bool operator==(secret const& a, secret const& b) noexcept
    {
        return a.size() == b.size() &&
               (a.empty() || CRYPTO_memcmp(a.bytes_->data.get(), b.bytes_->data.get(), a.size()) == 0);
    }

    template <class Char, class Traits>
    friend std::basic_ostream<Char, Traits>& operator<<(std::basic_ostream<Char, Traits>&,
                                                        secret const&) = delete;

private:
    struct buffer
    {
        explicit buffer(std::string_view value)
            : data(std::make_unique<char[]>(value.size())), size(value.size())
        {
            value.copy(data.get(), size);
        }
        ~buffer() { detail::wipe(data.get(), size); }
        buffer(buffer const&) = delete;
        buffer& operator=(buffer const&) = delete;

        std::unique_ptr<char[]> data;
        std::size_t size;
    };

    std::shared_ptr<buffer const> bytes_;
};

}} // namespace practicus::v1
