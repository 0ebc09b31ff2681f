// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <string_view>

namespace practicus { inline namespace v1 { namespace detail {

/// Reads the body of a successful response as it arrives.
class piece_reader
{
public:
    /// Begins a new body. Discards the data of an earlier one, for example after a lost connection.
    virtual void restart() = 0;

    /// Reads the next piece. Returns false if it and the rest are useless; the reason is kept for later.
    virtual bool take(std::string_view piece) = 0;

protected:
    ~piece_reader() = default;
};

}}} // namespace practicus::v1::detail
