// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// What else may stand where a store's files are: links, FIFOs, folders of others.

#include <practicus/detail/base/ini_file.hpp>
#include <practicus/detail/tokens/region_store.hpp>
#include <practicus/detail/tokens/store_record.hpp>
#include <practicus/file_token_store.hpp>

#include "catch.hpp"
#include "temporary_folder.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>

#include <sys/stat.h>

namespace fs = std::filesystem;
using Catch::Matchers::ContainsSubstring;
using practicus::error;
using practicus::file_token_store;
using practicus::secret;

namespace {

struct folder : temporary_folder
{
    /// Where a store in it keeps the key "k".
    std::string of(char const* ending) const
    {
        return (path / practicus::detail::sha256_hex("k")).string() + ending;
    }
};

template <class T>
T run(boost::asio::awaitable<T> operation)
{
    boost::asio::io_context io;
    std::exception_ptr failed;
    T result{};
    boost::asio::co_spawn(io, std::move(operation), [&](std::exception_ptr e, T value) {
        failed = e;
        result = std::move(value);
    });
    io.run();
    if (failed) std::rethrow_exception(failed);
    return result;
}

template <class F>
std::string refused(F f)
{
    try {
        f();
    } catch (error const& e) {
        CHECK(e.code() == practicus::errc::file_error);
        return e.what();
    }
    return "nothing was thrown";
}

} // namespace

TEST_CASE("file_token_store: a lock that is a link is not followed")
{
    folder f;
    file_token_store store(f.path.string());
    fs::create_symlink(f.path / "elsewhere", f.of(".lock"));
    CHECK_THAT(refused([&] { run(store.acquire("k")); }), ContainsSubstring("is a link"));
    CHECK_FALSE(fs::exists(f.path / "elsewhere"));
}

TEST_CASE("file_token_store: a token's file that is a link is not followed")
{
    folder f;
    file_token_store store(f.path.string());
    std::ofstream(f.path / "elsewhere") << "secret";
    fs::permissions(f.path / "elsewhere", fs::perms(0600));
    fs::create_symlink(f.path / "elsewhere", f.of(".json"));
    CHECK_THAT(refused([&] { run(store.load("k")); }), ContainsSubstring("is a link"));
}

TEST_CASE("file_token_store: a FIFO in place of a file is refused and does not block")
{
    folder f;
    file_token_store store(f.path.string());
    for (auto const* const ending : {".json", ".lock"})
        REQUIRE(::mkfifo(f.of(ending).c_str(), 0600) == 0);
    CHECK_THAT(refused([&] { run(store.load("k")); }), ContainsSubstring("is no regular file"));
    CHECK_THAT(refused([&] { run(store.acquire("k")); }), ContainsSubstring("is no regular file"));
    auto const conf = (f.path / "core.conf").string();
    REQUIRE(::mkfifo(conf.c_str(), 0600) == 0);
    CHECK_THAT(refused([&] { practicus::detail::ini_file const file(conf); }),
               ContainsSubstring("is no regular file"));
}

TEST_CASE("file_token_store: a folder that others can access is refused, with the command that fixes it")
{
    folder f;
    auto const inner = f.path / "it's";
    fs::create_directory(inner);
    for (auto const mode : {0777, 0755, 0701}) {
        INFO(mode);
        fs::permissions(inner, fs::perms(mode));
        auto const text = refused([&] { file_token_store const store(inner.string()); });
        // A shell reads it as one word.
        CHECK_THAT(text, ContainsSubstring("chmod 700 '" + f.path.string() + "/it'\\''s'"));
    }
    fs::permissions(inner, fs::perms(0700));
    file_token_store const store(inner.string());
    fs::create_directory_symlink(inner, f.path / "link");
    CHECK_THAT(refused([&] { file_token_store const linked((f.path / "link").string()); }),
               ContainsSubstring("is a link"));
}

TEST_CASE("region_store: a login's entry that others have access to is replaced by the next one")
{
    folder f;
    practicus::detail::store_record v;
    v.value = practicus::token(secret("access"));
    v.refresh = practicus::token(secret("refresh"));
    practicus::detail::region_store::login_file in_file;
    in_file.read = [&] { return std::optional(v); };
    practicus::detail::region_store store((f.path / "core.conf").string(), "x", in_file);
    auto const save = [&]() -> boost::asio::awaitable<int> {
        co_await store.save("login http://h/", write_stored(v));
        co_return 0;
    };
    run(save());
    fs::path kept;
    for (auto const& entry : fs::recursive_directory_iterator(f.path))
        if (entry.path().extension() == ".json") kept = entry.path();
    REQUIRE_FALSE(kept.empty());
    fs::permissions(kept, fs::perms(0644));
    run(save());
    CHECK((fs::status(kept).permissions() & fs::perms(077)) == fs::perms::none);
}

TEST_CASE("file_token_store: a file that others can access is refused, with the command that fixes it")
{
    folder f;
    file_token_store store(f.path.string());
    std::ofstream(f.of(".json")) << "secret";
    fs::permissions(f.of(".json"), fs::perms(0644));
    CHECK_THAT(refused([&] { run(store.load("k")); }),
               ContainsSubstring("chmod 600 '" + f.of(".json") + "'"));
    fs::permissions(f.of(".json"), fs::perms(0600));
    CHECK(run(store.load("k")) == secret("secret"));
}
