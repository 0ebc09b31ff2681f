// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <string_view>

namespace practicus { inline namespace v1 { namespace detail {

/// Reads the body of a successful answer as it comes.
class piece_reader
{
public:
    /// A body begins: what was read of another, whose connection was lost, say, is void.
    virtual void restart() = 0;

    /// The next piece of it. False if this and what follows is of no use: it keeps why for later.
    virtual bool take(std::string_view piece) = 0;

protected:
    ~piece_reader() = default;
};

}}} // namespace practicus::v1::detail
