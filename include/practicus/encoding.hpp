// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/content_coder.hpp>
#include <practicus/detail/base/ascii.hpp>
#include <practicus/detail/wire/zlib_coder.hpp>
#include <practicus/error.hpp>

#include <zlib.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace practicus { inline namespace v1 {

/// A content encoding of bodies: `gzip`, `zlib` and `deflate` by zlib; `lz4` is in <practicus/lz4.hpp>. A
/// copy is cheap. Thread safety: full.
class content_encoding
{
public:
    /// A function that returns an encoder or a decoder for one body.
    using factory = std::function<std::unique_ptr<content_coder>()>;

    /// A custom encoding with its name in `Content-Encoding`. Throws `errc::invalid_argument` for a name
    /// that is not a token (RFC 9110 section 5.6.2), or for an empty factory.
    content_encoding(std::string name, factory make_encoder, factory make_decoder)
    {
        if (!detail::is_token(name))
            throw error(errc::invalid_argument,
                        "content_encoding: the name must be a token (RFC 9110 section 5.6.2)");
        if (!make_encoder || !make_decoder)
            throw error(errc::invalid_argument,
                        "content_encoding: make_encoder and make_decoder must not be empty");
        state_ =
            std::make_shared<state const>(std::move(name), std::move(make_encoder), std::move(make_decoder));
    }

    /// Returns the encoding of RFC 1952. `level` is zlib's, 1 to 9; another throws
    /// `errc::invalid_argument`.
    [[nodiscard]] static content_encoding gzip(int level = 1);
    /// Returns the encoding of RFC 1950, named `zlib`. `level` is as of `gzip`.
    [[nodiscard]] static content_encoding zlib(int level = 1);
    /// Returns the encoding of RFC 1950, named `deflate` as in RFC 9110. A response without the zlib
    /// wrapper is decoded as well. `level` is as of `gzip`.
    [[nodiscard]] static content_encoding deflate(int level = 1);

    /// Returns the name in `Content-Encoding`.
    std::string const& name() const noexcept { return state_->name; }

    /// Returns a new encoder, for one body.
    [[nodiscard]] std::unique_ptr<content_coder> encoder() const { return state_->make_encoder(); }
    /// Returns a new decoder, for one body.
    [[nodiscard]] std::unique_ptr<content_coder> decoder() const { return state_->make_decoder(); }

private:
    struct state
    {
        state(std::string n, factory e, factory d)
            : name(std::move(n)), make_encoder(std::move(e)), make_decoder(std::move(d))
        {}

        std::string name;
        factory make_encoder;
        factory make_decoder;
    };

    std::shared_ptr<state const> state_;
};

namespace detail {

inline content_encoding zlib_encoding(std::string const& name, int level, int window_bits,
                                      zlib_decoder::format f)
{
    if (level < 1 || level > 9)
        throw error(errc::invalid_argument, "content_encoding::" + name + ": the level must be 1 to 9");
    return {name, [=] { return std::make_unique<zlib_encoder>(level, window_bits); },
            [=] { return std::make_unique<zlib_decoder>(name, f); }};
}

} // namespace detail

inline content_encoding content_encoding::gzip(int level)
{
    return detail::zlib_encoding("gzip", level, MAX_WBITS + 16, detail::zlib_decoder::format::gzip);
}

inline content_encoding content_encoding::zlib(int level)
{
    return detail::zlib_encoding("zlib", level, MAX_WBITS, detail::zlib_decoder::format::zlib);
}

inline content_encoding content_encoding::deflate(int level)
{
    return detail::zlib_encoding("deflate", level, MAX_WBITS, detail::zlib_decoder::format::deflate);
}

}} // namespace practicus::v1
