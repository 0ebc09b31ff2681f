// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/mock/codec.hpp>

#include <lz4frame.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

// Needs liblz4. Nothing else of the mock does.

namespace practicus { inline namespace v1 { namespace mock {

namespace detail {

struct lz4_free
{
    void operator()(LZ4F_dctx* context) const noexcept { LZ4F_freeDecompressionContext(context); }
};

inline std::optional<std::string> lz4_decode(std::string_view encoded, std::size_t limit)
{
    LZ4F_dctx* made = nullptr;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&made, LZ4F_VERSION)))
        throw std::runtime_error("lz4 cannot decompress");
    std::unique_ptr<LZ4F_dctx, lz4_free> context(made);
    std::string result, block(65536, '\0');
    std::size_t hint = 1;
    while (hint != 0 && result.size() <= limit) {
        auto out = block.size(), in = encoded.size();
        hint = LZ4F_decompress(context.get(), block.data(), &out, encoded.data(), &in, nullptr);
        if (LZ4F_isError(hint) || (in == 0 && out == 0 && hint != 0)) return std::nullopt;
        encoded.remove_prefix(in);
        result.append(block, 0, out);
    }
    if (result.size() <= limit && !encoded.empty()) return std::nullopt;
    return result;
}

inline std::string lz4_encode(std::string_view text)
{
    std::string result(LZ4F_compressFrameBound(text.size(), nullptr), '\0');
    auto size = LZ4F_compressFrame(result.data(), result.size(), text.data(), text.size(), nullptr);
    if (LZ4F_isError(size)) throw std::runtime_error("lz4 cannot compress");
    result.resize(size);
    return result;
}

} // namespace detail

/// LZ4 in its frame format: `server.region().add(lz4_codec())`.
inline codec lz4_codec()
{
    return {"lz4", detail::lz4_decode, detail::lz4_encode};
}

}}} // namespace practicus::v1::mock
