// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// transcode encode|decode gzip|zlib|deflate|lz4 [LIMIT]: transcodes standard input to standard output as the
// client does with bodies. Exit code 3 for `errc::malformed_response`, 4 for `errc::body_too_large`.

#include <practicus/detail/wire/zlib_coder.hpp>
#include <practicus/encoding.hpp>
#include <practicus/error.hpp>
#include <practicus/lz4.hpp>

#include <cstddef>
#include <iostream>
#include <limits>
#include <string>
#include <string_view>

namespace {

practicus::content_encoding find(std::string_view name)
{
    if (name == "gzip") return practicus::content_encoding::gzip();
    if (name == "zlib") return practicus::content_encoding::zlib();
    if (name == "deflate") return practicus::content_encoding::deflate();
    return practicus::lz4_encoding();
}

void transcode(practicus::content_coder& with, std::size_t limit)
{
    std::string in(10'000, '\0'), out;
    bool more = true;
    while (more) {
        std::cin.read(in.data(), static_cast<std::streamsize>(in.size()));
        more = !std::cin.eof();
        auto const read = static_cast<std::size_t>(std::cin.gcount());
        practicus::detail::throw_if(
            practicus::detail::transcode(with, std::string_view(in).substr(0, read), !more, out, limit));
    }
    std::cout << out;
}

} // namespace

int main(int argc, char** argv)
{
    if (argc < 3) return 2;
    auto const encoding = find(argv[2]);
    auto const limit = argc > 3 ? std::stoul(argv[3]) : std::numeric_limits<std::size_t>::max();
    try {
        transcode(std::string_view(argv[1]) == "encode" ? *encoding.encoder() : *encoding.decoder(), limit);
    } catch (practicus::error const& e) {
        std::cerr << e.what() << '\n';
        if (e.code() == practicus::errc::body_too_large) return 4;
        return e.code() == practicus::errc::malformed_response ? 3 : 1;
    }
}
