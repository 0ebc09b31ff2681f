// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/wire/lz4_coder.hpp>
#include <practicus/encoding.hpp>

#include <memory>

// Needs liblz4. Nothing else of the client does.

namespace practicus { inline namespace v1 {

/// Returns the encoding of LZ4's frame format, with a checksum of the content; the vendor recommends it.
/// `level` is liblz4's: 0 is the fast one, 3 to 12 are slower and smaller.
[[nodiscard]] inline content_encoding lz4_encoding(int level = 0)
{
    return {"lz4", [level] { return std::make_unique<detail::lz4_encoder>(level); },
            [] { return std::make_unique<detail::lz4_decoder>(); }};
}

}} // namespace practicus::v1
