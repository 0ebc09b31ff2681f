// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/detail/base/text_seal.hpp>

#include "catch.hpp"

#include <cstddef>
#include <string>

TEST_CASE("text_seal: a text opens with its key and name, and not after a change of any byte")
{
    using practicus::secret;
    practicus::detail::text_seal const seal(secret(std::string(32, 'k')));
    practicus::detail::text_seal const other(secret(std::string(32, 'l')));
    for (std::string const& text : {std::string(), std::string("a token"), std::string(3000, 'x')}) {
        auto const sealed = std::string(seal.seal("name", text).reveal());
        CHECK(seal.is_sealed(sealed));
        REQUIRE(seal.open("name", sealed));
        CHECK(seal.open("name", sealed)->reveal() == text);
        CHECK(seal.seal("name", text).reveal() != sealed);
        CHECK_FALSE(seal.open("other", sealed));
        CHECK_FALSE(other.open("name", sealed));
        for (std::size_t i = 0; i < sealed.size(); ++i) {
            auto changed = sealed;
            changed[i] = static_cast<char>(changed[i] ^ 1);
            if (seal.open("name", changed)) FAIL("opened after a change of byte " << i);
            if (seal.open("name", sealed.substr(0, i))) FAIL("opened after " << i << " bytes");
        }
    }
}
