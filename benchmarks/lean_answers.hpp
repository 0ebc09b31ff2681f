// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace bench {

/// The lean server's complete responses, made at the first request and then only sent.
class lean_answers
{
public:
    /// So many models are listed.
    explicit lean_answers(std::size_t models);

    /// Returns the response to a request with this head. Null: no response, so that waiters can be measured.
    std::string const* find(std::string_view head);

private:
    std::string const& prediction(std::string_view target, std::string_view head);
    std::string const& listing();

    std::size_t models_;
    std::string cluster_, metadata_, login_, token_, unknown_, listing_;
    std::map<std::string, std::string, std::less<>> predictions_;
};

/// A field's value in a head, or empty. The name without a colon, in lower case.
std::string_view field(std::string_view head, std::string_view name);

} // namespace bench
