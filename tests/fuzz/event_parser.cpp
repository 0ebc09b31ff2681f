// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// Any bytes, in any pieces and with any limits, give the same events as in one piece. Without limits, they
// give the events of a plain reader of the whole text. The first four bytes choose the limits and the pieces.

#include <practicus/event_parser.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using texts = std::vector<std::string>;

std::string joined(std::string const& type, std::string const& data, std::string const& id)
{
    std::string all = type;
    all.append("\x1f").append(data).append("\x1f").append(id);
    return all;
}

texts parsed(std::string_view text, std::size_t size, practicus::event_limits limits)
{
    practicus::event_parser parser(limits);
    texts events;
    try {
        for (std::size_t i = 0; i < text.size(); i += size) {
            auto piece = text.substr(i, size);
            while (auto const event = parser.next(piece))
                events.push_back(joined(event->type, event->data, event->id));
        }
    } catch (practicus::error const& e) {
        events.push_back(e.info().message);
    }
    return events;
}

std::vector<std::string> lines_of(std::string_view text)
{
    std::vector<std::string> lines(1);
    for (std::size_t i = 0; i != text.size(); ++i) {
        if (text[i] == '\n' && i != 0 && text[i - 1] == '\r') continue;
        if (text[i] == '\n' || text[i] == '\r')
            lines.emplace_back();
        else
            lines.back() += text[i];
    }
    lines.pop_back();
    return lines;
}

texts read_plainly(std::string_view text)
{
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    texts events;
    std::string type, id, data;
    for (auto const& line : lines_of(text)) {
        if (line.empty()) {
            if (!data.empty())
                events.push_back(
                    joined(type.empty() ? "message" : type, data.substr(0, data.size() - 1), id));
            type = data = "";
            continue;
        }
        auto const colon = line.find(':');
        auto value = colon == line.npos ? std::string() : line.substr(colon + 1);
        if (value.starts_with(' ')) value.erase(0, 1);
        std::string decoded;
        practicus::detail::append_decoded(decoded, value);
        if (line.substr(0, colon) == "data") data += decoded + '\n';
        if (line.substr(0, colon) == "event") type = decoded;
        if (line.substr(0, colon) == "id" && value.find('\0') == value.npos) id = decoded;
    }
    return events;
}

void check(bool holds, char const* what)
{
    if (holds) return;
    std::fprintf(stderr, "FAILED: %s\n", what);
    std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* bytes, std::size_t size)
{
    if (size < 4) return 0;
    practicus::event_limits limits;
    limits.data = bytes[0];
    limits.line = bytes[1];
    limits.name = bytes[2] % 16;
    std::size_t const piece = 1 + bytes[3] % 32;
    std::string const text(bytes + 4, bytes + size);
    check(parsed(text, piece, limits) == parsed(text, text.size() + 1, limits), "pieces within limits");
    practicus::event_limits none;
    none.data = none.line = none.name = size * 3;
    check(parsed(text, piece, none) == read_plainly(text), "a plain reader");
    return 0;
}
