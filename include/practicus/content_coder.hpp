// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/error.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace practicus { inline namespace v1 {

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
    /// be more of the output inside. Each call gets on, so such a loop ends. Returns null, or
    /// a failure: a decoder `errc::malformed_response` for what is broken, cut, or goes on behind its end.
    virtual std::shared_ptr<error_info const> step(std::string_view& in, bool last, std::string& out,
                                                   std::size_t room, bool& ended) = 0;
};

}} // namespace practicus::v1
