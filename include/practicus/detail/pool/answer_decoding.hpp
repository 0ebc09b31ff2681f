// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/ascii.hpp>
#include <practicus/detail/wire/error_body.hpp>
#include <practicus/detail/wire/message.hpp>
#include <practicus/detail/wire/zlib_coder.hpp>
#include <practicus/encoding.hpp>
#include <practicus/error.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

/// The decoding of response bodies, for all requests.
namespace practicus { inline namespace v1 { namespace detail {

/// Returns the only encoding that is accepted unless the caller names one: for responses of the console and
/// for metadata.
inline content_encoding const& console_encoding()
{
    // Never destroyed: threads may still decode during the destruction of static objects.
    static auto const& gzip = *new content_encoding(content_encoding::gzip());
    return gzip;
}

/// Sets the decoder for the body, or null if it is not encoded. Fails with `errc::malformed_response` if a
/// success has an encoding other than `asked`. The body of an error is dropped instead: its status is more
/// useful.
inline failure choose_decoder(std::unique_ptr<content_coder>& decoder, response& answer,
                              content_encoding const* asked)
{
    std::string_view const name = answer.content_encoding;
    if (name.empty() || equals_ignoring_case(name, "identity")) return nullptr;
    // `x-gzip` is an alias (RFC 9110 section 8.4.1.3).
    auto const coding = equals_ignoring_case(name, "x-gzip") ? std::string_view("gzip") : name;
    if (asked != nullptr && equals_ignoring_case(coding, asked->name()))
        decoder = asked->decoder();
    else if (is_success(answer.status))
        return make_failure(errc::malformed_response, "the response has an encoding that was not asked for");
    else
        answer.clear_body();
    return nullptr;
}

/// Decodes a piece of the body and appends it, as `transcode` does. A malformed body of an error ends here:
/// the decoder is reset and the rest is ignored.
inline failure decode_piece(std::unique_ptr<content_coder>& decoder, response& answer, bool last,
                            std::string& whole, std::size_t limit)
{
    if (auto why = transcode(*decoder, answer.body, last, whole, limit, answer.secret)) {
        if (is_success(answer.status)) return why;
        decoder.reset();
        answer.content_encoding = "broken";
    }
    answer.clear_body();
    return nullptr;
}

/// Decodes the complete body of a response to `console_encoding()`. Fails as the other two.
inline failure decode_body(response& answer, std::size_t limit)
{
    if (answer.content_encoding.empty() || answer.body.empty()) return nullptr;
    std::unique_ptr<content_coder> decoder;
    auto why = choose_decoder(decoder, answer, &console_encoding());
    if (!decoder) return why;
    response decoded;
    decoded.secret = answer.secret;
    why = decode_piece(decoder, answer, true, decoded.body, limit);
    if (!why && decoder) answer.body.swap(decoded.body);
    return why;
}

}}} // namespace practicus::v1::detail
