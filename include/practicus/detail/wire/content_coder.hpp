// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/result.hpp>
#include <practicus/detail/base/wipe.hpp>
#include <practicus/error.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace practicus { inline namespace v1 { namespace detail {

/// One text on its way through an encoding, piece by piece. Thread safety: none.
class content_coder
{
public:
    content_coder() = default;
    content_coder(content_coder const&) = delete;
    content_coder& operator=(content_coder const&) = delete;
    virtual ~content_coder() = default;

    /// Takes bytes off `in` and appends at most `room` bytes to `out`; `last`: nothing comes behind `in`.
    /// Sets `ended` when the text has ended, which only the last piece can bring.
    ///
    /// To be called again as long as it has not and `in` is not empty or `room` was used up: then there may
    /// be more of the output inside. Each call gets on, so such a loop ends. A decoder fails
    /// with `errc::malformed_response` for what is broken, cut, or goes on behind its end.
    virtual failure step(std::string_view& in, bool last, std::string& out, std::size_t room,
                         bool& ended) = 0;
};

/// Appends all that a piece comes to. Fails with `errc::body_too_large` when `out` gets longer than `limit`,
/// by a byte: what would be a large text costs no more memory than that. `secret`: `out` grows without
/// leaving copies behind.
inline failure transcode(content_coder& through, std::string_view in, bool last, std::string& out,
                         std::size_t limit, bool secret = false)
{
    constexpr std::size_t block = 64 * 1024;
    while (true) {
        auto const left = limit - std::min(limit, out.size());
        auto const room = left < block ? left + 1 : block;
        auto const before = out.size();
        if (secret) make_room(out, room);
        bool ended = false;
        if (auto why = through.step(in, last, out, room, ended)) return why;
        if (out.size() > limit) return make_failure(errc::body_too_large);
        if (ended || (in.empty() && out.size() - before < room)) return nullptr;
    }
}

}}} // namespace practicus::v1::detail
