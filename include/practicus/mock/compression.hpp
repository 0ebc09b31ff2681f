// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/mock/codec.hpp>

#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace practicus { inline namespace v1 { namespace mock {

namespace detail {

/// The bytes of a view, as zlib wants them: its next_in is never written through.
inline Bytef* zlib_input(std::string_view text)
{
    return const_cast<Bytef*>(reinterpret_cast<Bytef const*>(text.data()));
}

inline uInt zlib_size(std::size_t size)
{
    return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max()));
}

/// Inflates one stream, whole; `window_bits` chooses the format, as in `inflateInit2`.
inline std::optional<std::string> inflate_text(std::string_view encoded, std::size_t limit, int window_bits)
{
    z_stream stream{};
    if (inflateInit2(&stream, window_bits) != Z_OK) throw std::runtime_error("zlib cannot inflate");
    std::string result, block(65536, '\0');
    int code = Z_OK;
    while (code == Z_OK && result.size() <= limit) {
        if (stream.avail_in == 0) {
            stream.next_in = zlib_input(encoded);
            stream.avail_in = zlib_size(encoded.size());
            encoded.remove_prefix(stream.avail_in);
        }
        stream.next_out = reinterpret_cast<Bytef*>(block.data());
        stream.avail_out = static_cast<uInt>(block.size());
        code = inflate(&stream, Z_NO_FLUSH);
        result.append(block, 0, block.size() - stream.avail_out);
    }
    bool clean = code == Z_STREAM_END && stream.avail_in == 0 && encoded.empty();
    inflateEnd(&stream);
    if (result.size() <= limit && !clean) return std::nullopt;
    return result;
}

inline std::string deflate_text(std::string_view text, int window_bits)
{
    z_stream stream{};
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        throw std::runtime_error("zlib cannot deflate");
    std::string result, block(65536, '\0');
    int code = Z_OK;
    while (code == Z_OK) {
        if (stream.avail_in == 0) {
            stream.next_in = zlib_input(text);
            stream.avail_in = zlib_size(text.size());
            text.remove_prefix(stream.avail_in);
        }
        stream.next_out = reinterpret_cast<Bytef*>(block.data());
        stream.avail_out = static_cast<uInt>(block.size());
        code = deflate(&stream, text.empty() ? Z_FINISH : Z_NO_FLUSH);
        result.append(block, 0, block.size() - stream.avail_out);
    }
    deflateEnd(&stream);
    return result;
}

} // namespace detail

/// The codecs of zlib: `gzip`, `zlib` and `deflate`. `deflate` is read in both of its forms, with zlib's
/// wrapper and without, and answered with it, as RFC 9110 has it. A server's region has these from the start.
inline std::vector<codec> zlib_codecs()
{
    constexpr int wrapped = MAX_WBITS, gzipped = MAX_WBITS + 16, bare = -MAX_WBITS;
    auto encode_as = [](int bits) {
        return [bits](std::string_view text) { return detail::deflate_text(text, bits); };
    };
    auto decode_as = [](int bits) {
        return [bits](std::string_view encoded, std::size_t limit) {
            return detail::inflate_text(encoded, limit, bits);
        };
    };
    auto either = [](std::string_view encoded, std::size_t limit) {
        auto result = detail::inflate_text(encoded, limit, wrapped);
        return result ? result : detail::inflate_text(encoded, limit, bare);
    };
    return {codec("gzip", decode_as(gzipped), encode_as(gzipped)),
            codec("zlib", decode_as(wrapped), encode_as(wrapped)),
            codec("deflate", either, encode_as(wrapped))};
}

}}} // namespace practicus::v1::mock
