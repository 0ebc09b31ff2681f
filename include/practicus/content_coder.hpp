// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/error.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace practicus { inline namespace v1 {

/// An encoder or a decoder of one text, which it takes piece by piece. Thread safety: none.
class content_coder
{
public:
    content_coder() = default;
    content_coder(content_coder const&) = delete;
    content_coder& operator=(content_coder const&) = delete;
    virtual ~content_coder() = default;

    /// Removes bytes from the beginning of `in`, and appends at most `room` bytes to `out`. `last` is true
    /// for the last piece of the text. Sets `ended` at the end of the text, which only the last piece
    /// reaches.
    ///
    /// The caller repeats the call while the text has not ended, and `in` is not empty or `room` was used up.
    /// Each call makes progress. Returns null or a failure. A decoder fails with `errc::malformed_response`
    /// for a text that is broken, cut, or followed by other bytes.
    virtual std::shared_ptr<error_info const> step(std::string_view& in, bool last, std::string& out,
                                                   std::size_t room, bool& ended) = 0;
};

}} // namespace practicus::v1
