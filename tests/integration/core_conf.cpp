// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// A client of a region that core.conf keeps: its refresh token is written back when the region replaces it,
// and else nothing is.

#include "fixture.hpp"

#include <practicus/core_conf.hpp>

#include <cstdlib>
#include <filesystem>
#include <string>

#include <sys/stat.h>

namespace fs = std::filesystem;

namespace {

struct kept_region : fixture
{
    kept_region()
    {
        std::string pattern = (fs::temp_directory_path() / "practicus-kept-XXXXXX").string();
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        folder = pattern;
        path = (folder / "core.conf").string();
        auto const token = server.region().issue(practicus::mock::token_type::refresh, "admin@company.com");
        practicus::core_conf::update(path, [&](practicus::core_conf& conf) {
            conf.put(
                {server.url(), "admin", "admin@company.com", practicus::credentials::refresh_token(token)});
        });
    }
    ~kept_region() { fs::remove_all(folder); }

    practicus::region region() const { return practicus::core_conf(path).default_region(); }

    std::size_t models()
    {
        auto const r = region();
        practicus::client client(io.get_executor(), r.url(), r.options());
        return run(client.models()).size();
    }

    ::ino_t file() const
    {
        struct stat found = {};
        REQUIRE(::stat(path.c_str(), &found) == 0);
        return found.st_ino;
    }

    fs::path folder;
    std::string path;
};

} // namespace

TEST_CASE("core.conf: what did not change is not written")
{
    kept_region f;
    auto const before = f.file();
    CHECK(f.models() == 5);
    CHECK(f.file() == before);
}

TEST_CASE("core.conf: a region that replaces refresh tokens locks nobody out")
{
    kept_region f;
    f.server.region().rotate(practicus::mock::rotation::blacklist_old);
    for (int i = 0; i != 3; ++i) {
        auto const before = f.region().login().value();
        CHECK(f.models() == 5);
        CHECK_FALSE(f.region().login().value() == before);
    }
    CHECK(f.region().email() == "admin@company.com");
}
