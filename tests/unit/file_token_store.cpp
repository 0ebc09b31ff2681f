// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// What else may stand where a store's files are: links, FIFOs, folders of others.

#include <practicus/detail/base/ini_file.hpp>
#include <practicus/detail/tokens/region_store.hpp>
#include <practicus/detail/tokens/store_record.hpp>
#include <practicus/file_token_store.hpp>

#include "catch.hpp"
#include "temporary_folder.hpp"
#include "unit/freed_memory.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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

namespace {

/// A login in a region file, and its store.
struct shared_login : folder
{
    shared_login()
    {
        login.value = practicus::token(secret("access"));
        login.refresh = practicus::token(secret("refresh"));
        practicus::detail::region_store::login_file in_file;
        in_file.read = [this] { return read(); };
        store = std::make_shared<practicus::detail::region_store>(file(), "x", in_file);
    }

    std::string file() const { return (path / "core.conf").string(); }

    void save(std::string const& key, secret const& value)
    {
        auto const saving = [&]() -> boost::asio::awaitable<int> {
            co_await store->save(key, value);
            co_return 0;
        };
        run(saving());
    }

    /// The texts of all files but the locks.
    std::vector<std::string> kept() const
    {
        std::vector<std::string> result;
        for (auto const& entry : fs::recursive_directory_iterator(path / "tokens"))
            if (entry.is_regular_file() && entry.path().extension() != ".lock") {
                std::ifstream from(entry.path());
                result.emplace_back(std::istreambuf_iterator<char>(from), std::istreambuf_iterator<char>());
            }
        return result;
    }

    practicus::detail::store_record login;
    std::function<std::optional<practicus::detail::store_record>()> read = [this] {
        return std::optional(login);
    };
    std::shared_ptr<practicus::detail::region_store> store;
};

constexpr char const* keys[] = {"login http://h/", "session token 1"};

} // namespace

TEST_CASE("a file whose replacement is refused memory keeps its text")
{
    folder f;
    auto const path = (f.path / "a file with a long name").string();
    using practicus::detail::durability;
    bool refused = true;
    for (int which = 0; refused; ++which) {
        REQUIRE(which < 100);
        practicus::detail::replace_file(path, "old", durability::process);
        bool thrown = false;
        {
            refused_memory const memory(which);
            try {
                practicus::detail::replace_file(path, "new", durability::machine);
            } catch (std::bad_alloc const&) {
                thrown = true;
            }
            refused = memory.happened();
        }
        std::ifstream from(path);
        std::string text;
        std::getline(from, text);
        CHECK(text == (thrown ? "old" : "new"));
        CHECK(std::distance(fs::directory_iterator(f.path), fs::directory_iterator()) == 1);
    }
}

TEST_CASE("region_store: a save that is refused memory leaves what was there")
{
    for (std::string const key : keys)
        for (bool const again : {false, true}) {
            shared_login f;
            auto const value = [&](char const* access) {
                f.login.value = practicus::token(secret(access));
                return write_stored(f.login);
            };
            if (again) f.save(key, value("former"));
            auto const before = f.kept();
            CHECK(before.size() == again);
            int refused = 0;
            for (bool saved = false; !saved && refused != 10;) {
                f.read = [&, reads = 0]() mutable {
                    if (reads++ == refused) throw std::bad_alloc();
                    return std::optional(f.login);
                };
                try {
                    f.save(key, value("next"));
                    saved = true;
                } catch (std::bad_alloc const&) {
                    ++refused;
                    CHECK(f.kept() == before);
                }
            }
            CHECK(refused > 0);
            CHECK(refused < 10);
            CHECK(f.kept().size() == 1);
            CHECK(f.kept() != before);
        }
}

TEST_CASE("region_store: a logout during a save leaves nothing, wherever it comes")
{
    for (std::string const key : keys)
        for (int at = 0; at != 4; ++at) {
            shared_login f;
            f.read = [&, reads = 0]() mutable {
                auto const found = reads > at ? std::nullopt : std::optional(f.login);
                // It ends right after this reading.
                if (reads++ == at) practicus::detail::region_store::erase(f.file(), "x");
                return found;
            };
            f.save(key, write_stored(f.login));
            auto const reads_enough = key == keys[0] ? at < 2 : at < 1;
            CHECK(f.kept().size() == (reads_enough ? 0 : 1));
        }
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
