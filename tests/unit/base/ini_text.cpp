// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// What Python reads, tests/interop/ini_differential.py asks Python itself.

#include "catch.hpp"

#include <practicus/detail/base/ini_text.hpp>
#include <practicus/error.hpp>

#include <string>
#include <string_view>

using namespace practicus;
using namespace practicus::detail;
using Catch::Matchers::ContainsSubstring;

namespace {

ini_text read(std::string_view text)
{
    return ini_parser::read(text, "the file");
}

std::string refusal(ini_text const& text, std::string_view key)
{
    try {
        (void)text.value("s", key);
    } catch (error const& e) {
        CHECK(e.code() == errc::file_error);
        return e.what();
    }
    return {};
}

} // namespace

TEST_CASE("an INI text: a value with any characters is read as it was set")
{
    for (std::string_view const value : {"", "100%", "%(x)s", "%%", "a\nb\n\nc", "a = b: c", "[s]", "; x"}) {
        ini_text text;
        text.section("s").set("key", value);
        auto const again = read(text.write().reveal());
        CHECK(again.value("s", "key") == value);
        CHECK(again.write() == text.write());
    }
}

TEST_CASE("an INI text: references in a value are substituted")
{
    auto const text = read("[DEFAULT]\nhost = h\n[s]\nurl = https://%(HOST)s/%(path)s%%\npath = a/%(host)s\n"
                           "lone = 5%\nopen = %(host\nmissing = %(none)s\nloop = %(loop)s\n");
    CHECK(text.value("s", "url") == "https://h/a/h%");
    CHECK(text.value("s", "host") == "h");
    CHECK(text.value("s", "none").empty());
    CHECK(text.value("none", "host").empty());
    CHECK_THAT(refusal(text, "lone"),
               ContainsSubstring("'lone' in section 's'") && ContainsSubstring("write %%"));
    for (auto const* key : {"open", "missing", "loop"})
        CHECK_THAT(refusal(text, key), ContainsSubstring(key));
}

TEST_CASE("an INI text: values that name one another without end are refused in time")
{
    std::string text = "[s]\n";
    for (int level = 0; level != 9; ++level) {
        text += "k" + std::to_string(level) + " = ";
        for (int i = 0; i != 100; ++i)
            text += "%(k" + std::to_string(level + 1) + ")s";
        text += '\n';
    }
    text += "k9 = %%\n";
    CHECK_THAT(refusal(read(text), "k0"), ContainsSubstring("too long"));
}
