// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 { namespace mock {

/// A content encoding that a region's models understand, in both directions.
class codec
{
public:
    /// Decodes; may stop once the text is longer than the limit. Nothing if the input is malformed or cut.
    using decoder = std::function<std::optional<std::string>(std::string_view encoded, std::size_t limit)>;
    /// Encodes a whole text.
    using encoder = std::function<std::string(std::string_view)>;

    /// The name as in `content-encoding`, and both directions.
    codec(std::string_view name, decoder decode, encoder encode)
        : name_(name), decode_(std::move(decode)), encode_(std::move(encode))
    {}

    /// As in `content-encoding`.
    std::string const& name() const noexcept { return name_; }

    /// As `decoder`.
    std::optional<std::string> decode(std::string_view encoded, std::size_t limit) const
    {
        return decode_(encoded, limit);
    }

    /// As `encoder`.
    std::string encode(std::string_view text) const { return encode_(text); }

private:
    std::string name_;
    decoder decode_;
    encoder encode_;
};

}}} // namespace practicus::v1::mock
