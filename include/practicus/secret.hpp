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

/// A password or a token: immutable, wiped when its last copy goes, and not printable by accident.
///
/// A copy shares the bytes and costs a reference count. It cannot be streamed, formatted or converted to a
/// string: `reveal()` is the only way to the bytes, and easy to search for. Thread safety: as
/// `std::shared_ptr`.
///
/// What this cannot do: the string that the caller passed in is the caller's to wipe (`secret::take` does
/// it).
class secret
{
public:
    secret() noexcept = default;

    /// Copies the value; the string that it was in stays as it is.
    explicit secret(std::string_view value)
        : bytes_(value.empty() ? nullptr : std::make_shared<buffer const>(value))
    {}

    /// The same for a literal. A null pointer counts as empty: `std::getenv` returns one.
    explicit secret(char const* value) : secret(std::string_view(value != nullptr ? value : "")) {}

    /// Takes the value over and wipes the string it was in.
    [[nodiscard]] static secret take(std::string&& value)
    {
        secret result{std::string_view(value)};
        detail::wipe(value.data(), value.size());
        value.clear();
        return result;
    }

    /// Is there nothing in it?
    [[nodiscard]] bool empty() const noexcept { return bytes_ == nullptr; }
    /// Is there something in it?
    explicit operator bool() const noexcept { return !empty(); }
    /// In bytes.
    std::size_t size() const noexcept { return bytes_ ? bytes_->size : 0; }

    /// The bytes. They live as long as any copy of this secret.
    [[nodiscard]] std::string_view reveal() const noexcept
    {
        return bytes_ ? std::string_view(bytes_->data.get(), bytes_->size) : std::string_view();
    }

    /// Compares in time that does not depend on where the bytes differ.
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
