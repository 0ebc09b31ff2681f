// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/session_token_file.hpp>

#include "catch.hpp"
#include "temporary_folder.hpp"

#include <fstream>

#include <sys/stat.h>

namespace {

using practicus::errc;
using practicus::secret;

struct mounted
{
    mounted() { put("first\n"); }

    void put(std::string const& text) const { std::ofstream(path, std::ios::trunc) << text; }

    temporary_folder folder;
    std::string path = (folder.path / "token").string();
};

errc code_of(std::string const& path)
{
    try {
        (void)practicus::session_token_file(path);
    } catch (practicus::error const& e) {
        CHECK(std::string(e.what()).find("hunter") == std::string::npos);
        return static_cast<errc>(e.code().value());
    }
    FAIL("nothing was refused");
    return errc::file_error;
}

} // namespace

TEST_CASE("a token file is read again when it changes")
{
    mounted m;
    auto const user = practicus::session_token_file(m.path);
    CHECK(user.type() == practicus::credentials::kind::session_token);
    CHECK(user.value().reveal() == "first");
    auto const now = [&] { return std::string(user.source()(secret()).reveal()); };
    CHECK(now() == "first");
    m.put("second one\n");
    CHECK(now() == "first");
    m.put(" \tlonger\r\n");
    CHECK(now() == "longer");
}

TEST_CASE("the last token stays in use while the file is missing, empty, too large or no file")
{
    mounted m;
    auto const user = practicus::session_token_file(m.path);
    auto const now = [&] { return std::string(user.source()(secret()).reveal()); };
    for (std::string const& text :
         {std::string(), std::string("\n"), std::string(70'000, 'x'), std::string("a\nb")}) {
        m.put(text);
        CHECK(now() == "first");
        CHECK(user.source()(secret("first")).reveal() == "first");
    }
    std::filesystem::remove(m.path);
    CHECK(now() == "first");
    std::filesystem::create_directory(m.path);
    CHECK(now() == "first");
    std::filesystem::remove(m.path);
    REQUIRE(::mkfifo(m.path.c_str(), 0600) == 0);
    CHECK(now() == "first");
    std::filesystem::remove(m.path);
    m.put("again");
    CHECK(now() == "again");
}

TEST_CASE("a secret that Kubernetes mounts is read through its links")
{
    // As the kubelet's atomic writer: token -> ..data/token, ..data -> a folder with a time stamp.
    temporary_folder const folder;
    auto const data = folder.path / "..data";
    auto const publish = [&](std::string const& stamp, std::string const& text) {
        std::filesystem::create_directory(folder.path / stamp);
        std::ofstream(folder.path / stamp / "token") << text;
        std::filesystem::create_symlink(stamp, folder.path / "..data_tmp");
        std::filesystem::rename(folder.path / "..data_tmp", data);
    };
    publish("..2026_1", "aaaa");
    std::filesystem::create_symlink("..data/token", folder.path / "token");
    auto const user = practicus::session_token_file((folder.path / "token").string());
    publish("..2026_2", "bbbb");
    CHECK(user.source()(secret()).reveal() == "bbbb");
}

TEST_CASE("a file that is cut at any byte of its JWT keeps the last one")
{
    std::string const old = "eyJhbGciOiJub25lIn0.eyJleHAiOjF9.c2lnbmF0dXJl";
    std::string const next = "eyJhbGciOiJub25lIn0.eyJleHAiOjIsImEiOjN9.c2lnbmF0dXJm";
    for (std::size_t size = 0; size != next.size(); ++size) {
        mounted m;
        m.put(old);
        auto const user = practicus::session_token_file(m.path);
        m.put(next.substr(0, size));
        INFO(size);
        CHECK(user.source()(secret()).reveal() == old);
        m.put(next);
        CHECK(user.source()(secret()).reveal() == next);
    }
}

TEST_CASE("a refused token is read again although the file seems unchanged")
{
    mounted m;
    m.put("aaaa");
    auto const user = practicus::session_token_file(m.path);
    CHECK(user.source()(secret("aaaa")).reveal() == "aaaa");
    // Another form than a JWT replaces a refused JWT.
    m.put("eyJhbGciOiJub25lIn0.e30.c2ln");
    CHECK(user.source()(secret()).reveal() == "eyJhbGciOiJub25lIn0.e30.c2ln");
    m.put("opaque");
    CHECK(user.source()(secret()).reveal() == "eyJhbGciOiJub25lIn0.e30.c2ln");
    CHECK(user.source()(secret("eyJhbGciOiJub25lIn0.e30.c2ln")).reveal() == "opaque");
}

TEST_CASE("a token file that holds no token is refused at the start")
{
    mounted m;
    CHECK(code_of(m.path + ".none") == errc::file_error);
    CHECK(code_of(m.folder.path.string()) == errc::file_error);
    m.put("\n");
    CHECK(code_of(m.path) == errc::invalid_credentials);
    m.put("hunter two");
    CHECK(code_of(m.path) == errc::invalid_credentials);
    m.put("hunter" + std::string(70'000, 'x'));
    CHECK(code_of(m.path) == errc::file_error);
}
