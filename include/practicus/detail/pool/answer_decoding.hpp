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

/// How the body of an answer is decoded, for every request.
namespace practicus { inline namespace v1 { namespace detail {

/// The one encoding that is asked for where the caller names none: of the console's answers and of metadata.
inline content_encoding const& console_encoding()
{
    // Never destroyed: threads may still decode while the program's other static objects end.
    static auto const& gzip = *new content_encoding(content_encoding::gzip());
    return gzip;
}

/// Sets what decodes the body, by the answer's fields; null if there is nothing to decode. Fails with
/// `errc::malformed_response` if a success is encoded in another way than was `asked` for. The body of an
/// error is dropped instead: its status says more.
inline failure choose_decoder(std::unique_ptr<content_coder>& decoder, response& answer,
                              content_encoding const* asked)
{
    std::string_view const name = answer.content_encoding;
    if (name.empty() || equals_ignoring_case(name, "identity")) return nullptr;
    // RFC 9110 section 8.4.1.3.
    auto const coding = equals_ignoring_case(name, "x-gzip") ? std::string_view("gzip") : name;
    if (asked != nullptr && equals_ignoring_case(coding, asked->name()))
        decoder = asked->decoder();
    else if (is_success(answer.status))
        return make_failure(errc::malformed_response, "the answer has an encoding that was not asked for");
    else
        answer.clear_body();
    return nullptr;
}

/// Appends what the answer's piece of a body comes to, as `transcode`. A body of an error that is broken ends
/// here: the decoder goes, and with it what follows.
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

/// Decodes an answer to `console_encoding()` whose body is there as a whole. Fails as the other two.
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
