// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// A client of a region that core.conf keeps: its refresh token is written back when the region replaces it,
// and else nothing is.

#include "fixture.hpp"
#include "internals.hpp"
#include "temporary_folder.hpp"

#include <practicus/core_conf.hpp>
#include <practicus/detail/tokens/region_store.hpp>
#include <practicus/detail/tokens/store_record.hpp>

#include <boost/json/object.hpp>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fs = std::filesystem;

namespace {

struct kept_region : fixture
{
    kept_region() { log_in(issue()); }

    std::string issue()
    {
        return server.region().issue(practicus::mock::token_type::refresh, "admin@company.com");
    }

    void log_in(std::string const& token) const
    {
        practicus::core_conf::update(path, [&](practicus::core_conf& conf) {
            conf.put(
                {server.url(), "admin", "admin@company.com", practicus::credentials::refresh_token(token)});
        });
    }

    practicus::region region() const { return practicus::core_conf(path).default_region(); }

    /// As of a program that starts now.
    using fixture::client;
    practicus::client client()
    {
        auto const r = region();
        return {io.get_executor(), r.url(), r.options()};
    }

    std::size_t models() { return run(client().models()).size(); }

    /// From now on, the region's tokens and responses do not name its users. Only the e-mail of a login and
    /// the origin of each token are known.
    void name_no_users()
    {
        server.region().configure([&](auto& s) {
            s.username_at_login = s.username_at_refresh = s.username_in_tokens = false;
            s.alter_claims = [](practicus::mock::token_type, boost::json::object& claims) {
                for (auto const* const name : {"user_id", "sub", "username", "email"})
                    claims.erase(name);
            };
        });
    }

    ::ino_t file() const
    {
        struct stat found = {};
        REQUIRE(::stat(path.c_str(), &found) == 0);
        return found.st_ino;
    }

    temporary_folder const here;
    fs::path const folder = here.path;
    std::string const path = (folder / "core.conf").string();
};

asio::awaitable<void> take(std::optional<practicus::issued_tokens>& to, practicus::issued_tokens tokens)
{
    to = std::move(tokens);
    co_return;
}

} // namespace

TEST_CASE("core.conf: an unchanged token is not written")
{
    kept_region f;
    auto const before = f.file();
    CHECK(f.models() == 5);
    CHECK(f.file() == before);
}

TEST_CASE("core.conf: a region that replaces refresh tokens keeps every program logged in")
{
    kept_region f;
    f.server.region().configure([&](auto& s) { s.rotation = practicus::mock::rotation::blacklist_old; });
    // As several programs, which began with the same file.
    std::vector<practicus::client> programs;
    for (int i = 0; i != 4; ++i)
        programs.push_back(f.client());
    for (std::uint64_t round = 1; round != 4; ++round) {
        auto const before = f.region().login().value();
        ends e;
        f.io.restart();
        for (auto const& program : programs)
            asio::co_spawn(f.io, program.models(), e.handler());
        f.io.run();
        CHECK(e.served == 4);
        CHECK_FALSE(f.region().login().value() == before);
        CHECK(f.server.count("POST auth/refresh/") == round);
        f.server.region().revoke(practicus::mock::token_type::access);
    }
    CHECK(f.region().email() == "admin@company.com");
}

TEST_CASE("core.conf: programs share a region's tokens in files that only the owner can read")
{
    kept_region f;
    auto const first = f.run(f.client().session_token(f.model()));
    auto const requests = f.server.count();
    CHECK(f.run(f.client().session_token(f.model())) == first);
    CHECK(f.server.count() == requests);
    int files = 0;
    for (auto const& entry : fs::recursive_directory_iterator(f.folder / "tokens")) {
        auto const others = fs::perms::group_all | fs::perms::others_all;
        CHECK((entry.status().permissions() & others) == fs::perms::none);
        files += entry.is_regular_file();
    }
    CHECK(files > 0);
    // Apart: by its own login.
    auto const r = f.region();
    practicus::client apart(f.io.get_executor(), r.url(),
                            options_with([](auto& o) { o.store = nullptr; }, r.options()));
    f.run(apart.session_token(f.model()));
    CHECK(f.server.count("POST auth/refresh/") == 2);

    r.erase_tokens();
    for (auto const& entry : fs::recursive_directory_iterator(f.folder / "tokens"))
        CHECK(entry.path().extension() != ".json");
    f.run(f.client().session_token(f.model()));
    CHECK(f.server.count("POST auth/refresh/") == 3);
}

TEST_CASE("core.conf: a new login, by the SDK for example, is used by all programs")
{
    kept_region f;
    auto const old = f.client();
    f.run(old.models());
    f.server.region().revoke(practicus::mock::token_type::refresh);
    f.server.region().revoke(practicus::mock::token_type::access);
    f.log_in(f.issue());
    CHECK(f.run(old.models()).size() == 5);
    CHECK(f.run(f.client().models()).size() == 5);
    CHECK(f.server.count("POST auth/refresh/") == 2);
    // Logged out: the shared tokens are no login.
    auto const late = f.client();
    practicus::core_conf::update(f.path, [](practicus::core_conf& conf) { conf.erase_regions(); });
    f.server.region().revoke(practicus::mock::token_type::refresh);
    CHECK(f.failure(late.models()).code == practicus::errc::login_required);
}

TEST_CASE("core.conf: a file with an older refresh token is no new login")
{
    kept_region f;
    f.server.region().configure([&](auto& s) { s.rotation = practicus::mock::rotation::blacklist_old; });
    auto const old = f.region().login().value();
    auto const running = f.client();
    f.run(running.models());
    auto const newer = f.region().login().value();
    CHECK_FALSE(newer == old);
    // As the SDK leaves it, if it had read the file before: later, and with what is void.
    f.log_in(std::string(old.reveal()));
    f.server.region().revoke(practicus::mock::token_type::access);
    CHECK(f.run(running.models()).size() == 5);
    CHECK(f.models() == 5);
    // It is repaired, also at the next replacement.
    CHECK_FALSE(f.region().login().value() == old);
    CHECK_FALSE(f.region().login().value() == newer);
}

TEST_CASE("core.conf: a newer login is not overwritten")
{
    kept_region f;
    auto const r = f.region();
    practicus::client apart(f.io.get_executor(), r.url(),
                            options_with([](auto& o) { o.store = nullptr; }, r.options()));
    f.run(apart.models());
    auto const anew = f.issue();
    f.log_in(anew);
    f.run(apart.refresh());
    CHECK(f.region().login().value().reveal() == anew);
    // Nor by another user's login.
    f.server.region().add(practicus::mock::user("berta@company.com", "b"));
    auto const client = f.client();
    f.run(client.models());
    f.run(client.login("berta@company.com", "b"));
    CHECK(client.username() == "berta");
    CHECK(f.region().login().value().reveal() == anew);
    auto const later = f.client();
    f.run(later.models());
    CHECK(later.username() == "admin");
}

namespace {

/// Another process, which writes core.conf and takes long.
struct held_lock
{
    explicit held_lock(std::string const& path)
        : descriptor(::open((path + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600))
    {
        REQUIRE(::flock(descriptor, LOCK_EX | LOCK_NB) == 0);
    }
    ~held_lock() { ::close(descriptor); }

    int const descriptor;
};

/// core.conf cannot be read: a folder, or a link to itself.
struct unreadable
{
    unreadable(std::string where, bool link) : path(std::move(where)), kept(path + ".kept")
    {
        fs::rename(path, kept);
        if (link)
            fs::create_symlink(path, path);
        else
            fs::create_directory(path);
    }
    ~unreadable()
    {
        fs::remove(path);
        fs::rename(kept, path);
    }

    std::string const path, kept;
};

} // namespace

TEST_CASE("core.conf: while the file cannot be read, programs keep using the shared tokens")
{
    bool const link = GENERATE(false, true);
    kept_region f;
    f.server.region().configure([&](auto& s) { s.rotation = practicus::mock::rotation::blacklist_old; });
    auto const first = f.client();
    auto const second = f.client();
    f.run(first.models());
    {
        unreadable const meanwhile(f.path, link);
        for (auto const& next : {second, first}) {
            f.server.region().revoke(practicus::mock::token_type::access);
            CHECK(f.run(next.models()).size() == 5);
            CHECK(f.run(first.models()).size() == 5);
            CHECK(f.run(second.models()).size() == 5);
        }
        CHECK(f.server.count("POST auth/refresh/") == 3);
    }
    f.server.region().revoke(practicus::mock::token_type::access);
    CHECK(f.models() == 5);
    CHECK(f.server.count("POST auth/") == 0);
}

TEST_CASE("core.conf: the user stays the same while the file cannot be read")
{
    kept_region f;
    f.server.region().add(practicus::mock::user("berta@company.com", "b"));
    auto const his = f.client();
    auto const hers = f.client();
    f.run(his.models());
    {
        unreadable const meanwhile(f.path, false);
        f.run(hers.login("berta@company.com", "b"));
    }
    auto const user_of_a_call = [&](practicus::client const& client) {
        f.run(client.models());
        constexpr std::string_view begin = "Bearer ";
        std::string const sent(f.server.requests().back().headers["authorization"]);
        return practicus::read_jwt(std::string_view(sent).substr(begin.size())).username;
    };
    CHECK(user_of_a_call(f.client()) == "admin");
    CHECK(user_of_a_call(hers) == "berta");
    f.server.region().revoke(practicus::mock::token_type::access);
    CHECK(user_of_a_call(his) == "admin");
}

TEST_CASE("core.conf: the next program writes a refresh token that could not be written before")
{
    kept_region f;
    f.server.region().configure([&](auto& s) { s.rotation = practicus::mock::rotation::blacklist_old; });
    auto const old = f.region().login().value();
    auto const r = f.region();
    auto options = r.options();
    bool began = false;
    options.on_tokens = [&began, keep = options.on_tokens](practicus::issued_tokens tokens) {
        began = true;
        return keep(std::move(tokens));
    };
    practicus::client const program(f.io.get_executor(), r.url(), options);
    {
        held_lock const meanwhile(f.path);
        auto& clock = stopped_clock_of(program);
        ends e;
        asio::co_spawn(f.io, program.models(), e.handler());
        poll_until(f.io, [&] { return began; });
        clock.advance(std::chrono::seconds(5));
        f.io.restart();
        f.io.run();
        CHECK(e.served == 1);
        CHECK(f.region().login().value() == old);
        // Nor by a program that finds it locked.
        CHECK(f.models() == 5);
        CHECK(f.region().login().value() == old);
    }
    CHECK(f.models() == 5);
    auto const newer = f.region().login().value();
    CHECK_FALSE(newer == old);
    CHECK(f.server.count("POST auth/refresh/") == 1);
    // A program that shares nothing is let in with it.
    auto const now = f.region();
    practicus::client apart(f.io.get_executor(), now.url(),
                            options_with([](auto& o) { o.store = nullptr; }, now.options()));
    CHECK(f.run(apart.models()).size() == 5);
}

TEST_CASE("core.conf: a folder that others may read shares nothing")
{
    kept_region f;
    fs::create_directory(f.folder / "tokens");
    fs::permissions(f.folder / "tokens", fs::perms::owner_all | fs::perms::group_read);
    CHECK(f.region().options().store == nullptr);
    CHECK(f.models() == 5);
}

TEST_CASE("core.conf: another user's region has other tokens")
{
    kept_region f;
    f.server.region().add(practicus::mock::user("berta@company.com", "b"));
    f.run(f.client().session_token(f.model()));
    auto const token = f.server.region().issue(practicus::mock::token_type::refresh, "berta@company.com");
    practicus::core_conf::update(f.path, [&](practicus::core_conf& conf) {
        conf.put(
            {f.server.url(), "berta", "berta@company.com", practicus::credentials::refresh_token(token)});
    });
    auto const berta =
        practicus::core_conf(f.path).find("berta@" + std::string(f.region().url().origin().host_header()));
    practicus::client client(f.io.get_executor(), berta.url(), berta.options());
    f.run(client.session_token(f.model()));
    CHECK(client.username() == "berta");
    CHECK(f.server.count("POST auth/refresh/") == 2);
}

TEST_CASE("core.conf: without a folder, each program keeps its own tokens")
{
    kept_region f;
    std::ofstream(f.folder / "tokens") << "in the way";
    CHECK(f.region().options().store == nullptr);
    CHECK(f.models() == 5);
}

TEST_CASE("core.conf: a login's tokens serve the next program, which sends only its own request")
{
    kept_region f;
    std::optional<practicus::issued_tokens> got;
    practicus::client_options options;
    options.on_tokens = [&got](practicus::issued_tokens tokens) { return take(got, std::move(tokens)); };
    auto const login = f.client(options);
    f.run(login.login("admin@company.com", "practicus"));
    REQUIRE(got);
    f.log_in(std::string(got->refresh.reveal()));
    f.run(f.region().share_tokens(*got));
    auto const before = f.server.count();
    CHECK(f.models() == 5);
    CHECK(f.server.count() == before + 1);
    // Where nothing can be shared, nothing is.
    practicus::region const nowhere(f.server.url(), "admin", "admin@company.com", std::nullopt);
    f.run(nowhere.share_tokens(*got));
}

TEST_CASE("core.conf: programs of two users with one name share nothing")
{
    kept_region f;
    if (GENERATE(false, true)) f.name_no_users();
    f.log_in(f.issue());
    f.server.region().add(practicus::mock::user("admin@labs.com", "b"));
    practicus::core_conf::update(f.path, [&](practicus::core_conf& conf) {
        auto const token = f.server.region().issue(practicus::mock::token_type::refresh, "admin@labs.com");
        conf.put({f.server.url(), "admin", "admin@labs.com", practicus::credentials::refresh_token(token)});
    });
    auto const place = '@' + std::string(f.region().url().origin().host_header());
    for (auto const* email : {"admin@company.com", "admin@labs.com"}) {
        auto const r = practicus::core_conf(f.path).find(email + place);
        practicus::client client(f.io.get_executor(), r.url(), r.options());
        f.run(client.session_token(f.model()));
    }
    CHECK(f.server.count("POST auth/refresh/") == 2);
    CHECK(f.server.count("GET modelhost/model-auth/") == 2);
}

TEST_CASE("core.conf: a login as another user of the same name is not written to the stored one")
{
    kept_region f;
    // Opaque tokens; claims without users; without user names; all that a region says.
    int const region_tells = GENERATE(0, 1, 2, 3);
    INFO(region_tells);
    if (region_tells < 2) f.name_no_users();
    if (region_tells == 2)
        f.server.region().configure(
            [&](auto& s) { s.username_at_login = s.username_at_refresh = s.username_in_tokens = false; });
    if (region_tells == 0)
        f.server.region().configure([&](auto& s) { s.tokens = practicus::mock::token_shape::opaque; });
    f.log_in(f.issue());
    f.server.region().add(practicus::mock::user("admin@labs.com", "b"));
    auto const before = f.region().login().value();
    auto const bearer = [&](practicus::client const& client) {
        f.run(client.models());
        return std::string(f.server.requests().back().headers["authorization"]);
    };
    auto const program = f.client();
    auto const his = bearer(program);
    f.run(program.login("admin@labs.com", "b"));
    CHECK(bearer(program) != his);
    CHECK(f.region().login().value() == before);
    CHECK(bearer(f.client()) == his);
    CHECK(f.region().login().value() == before);
}

TEST_CASE(
    "core.conf: a login that was given another e-mail than its token's gets the tokens that are replaced")
{
    kept_region f;
    f.server.region().configure([&](auto& s) { s.rotation = practicus::mock::rotation::blacklist_old; });
    practicus::core_conf::update(f.path, [&](practicus::core_conf& conf) {
        conf.erase_regions().put(
            {f.server.url(), "admin", "other@company.com", practicus::credentials::refresh_token(f.issue())});
    });
    for (bool const shares : {true, false}) {
        auto const r = f.region();
        auto options = r.options();
        if (!shares) options.store = nullptr;
        f.run(practicus::client(f.io.get_executor(), r.url(), options).models());
        CHECK_FALSE(f.region().login().value() == r.login().value());
    }
}

TEST_CASE("core.conf: an opaque login by another token is not written to the stored one")
{
    kept_region f;
    f.server.region().configure([&](auto& s) {
        s.username_at_login = s.username_at_refresh = s.username_in_tokens = false;
        s.tokens = practicus::mock::token_shape::opaque;
    });
    if (GENERATE(false, true))
        f.server.region().configure([&](auto& s) { s.rotation = practicus::mock::rotation::keep_old; });
    f.log_in(f.issue());
    f.server.region().add(practicus::mock::user("admin@labs.com", "b"));
    auto const program = f.client();
    f.run(program.models());
    auto const mine = f.region().login().value();
    auto const labs = f.server.region().issue(practicus::mock::token_type::refresh, "admin@labs.com");
    f.run(program.login(practicus::credentials::refresh_token(labs)));
    f.run(program.models());
    CHECK(f.region().login().value() == mine);
    // Nor does the next program find it in what is shared.
    f.models();
    CHECK(f.region().login().value() == mine);
}

TEST_CASE("core.conf: a later login of the same user takes the place of one that has ended")
{
    kept_region f;
    if (GENERATE(false, true)) {
        f.server.region().configure([&](auto& s) { s.tokens = practicus::mock::token_shape::opaque; });
        f.log_in(f.issue());
    }
    auto const program = f.client();
    f.run(program.models());
    auto const ended = f.region().login().value();
    f.server.region().revoke(practicus::mock::token_type::refresh);
    f.server.region().revoke(practicus::mock::token_type::access);
    CHECK(f.failure(program.models()).code == practicus::errc::login_required);
    f.run(program.login("admin@company.com", "practicus"));
    CHECK_FALSE(f.region().login().value() == ended);
    f.server.region().revoke(practicus::mock::token_type::access);
    CHECK(f.run(program.models()).size() == 5);
    CHECK(f.models() == 5);
}

TEST_CASE(
    "core.conf: replaced tokens are kept for a user whose name on the region differs from the guessed one")
{
    kept_region f;
    bool const shares = GENERATE(true, false);
    f.server.region().configure([&](auto& s) { s.tokens = practicus::mock::token_shape::opaque; });
    f.server.region().configure([&](auto& s) {
        s.username_at_login = false;
        s.username_at_refresh = true;
    });
    f.server.region().configure([&](auto& s) { s.rotation = practicus::mock::rotation::blacklist_old; });
    practicus::mock::user boss("boss@company.com", "b");
    boss.username = "root";
    f.server.region().add(boss);
    practicus::core_conf::update(f.path, [&](practicus::core_conf& conf) {
        auto const token = f.server.region().issue(practicus::mock::token_type::refresh, "boss@company.com");
        conf.erase_regions().put(
            {f.server.url(), "", "boss@company.com", practicus::credentials::refresh_token(token)});
    });
    for (int i = 0; i != 2; ++i) {
        auto const r = f.region();
        auto options = r.options();
        if (!shares) options.store = nullptr;
        practicus::client const program(f.io.get_executor(), r.url(), options);
        f.run(program.models());
        CHECK_FALSE(f.region().login().value() == r.login().value());
        CHECK(program.username() == "root");
        f.server.region().revoke(practicus::mock::token_type::access);
    }
}

TEST_CASE("core.conf: a login that is saved while its user logs out is not kept")
{
    kept_region f;
    using namespace practicus::detail;
    store_record v;
    v.value = practicus::token(practicus::secret("access"));
    v.refresh = practicus::token(practicus::secret("refresh"));
    v.login = "admin@company.com";
    // How many reads of the file still find the login.
    int const finding = GENERATE(1, 1000);
    int reads = 0;
    region_store::login_file in_file;
    in_file.read = [&] { return reads++ < finding ? std::optional(v) : std::nullopt; };
    in_file.mend = [](auto const&, auto const&) {};
    auto const store = std::make_shared<region_store>(f.path, "x", in_file);
    f.run(store->save("login http://h/", write_stored(v)));
    bool kept = false;
    for (auto const& e : fs::recursive_directory_iterator(f.folder / "tokens"))
        kept = kept || e.path().extension() == ".json";
    CHECK(kept == (finding > 1));
}

TEST_CASE("core.conf: shared files of unknown logins are removed, except for locks that are held")
{
    kept_region f;
    auto const files = [&] {
        std::ptrdiff_t result = 0;
        for (auto const& entry : fs::recursive_directory_iterator(f.folder / "tokens"))
            result += entry.path().extension() == ".json";
        return result;
    };
    f.run(f.client().session_token(f.model()));
    auto const running = f.client();
    auto const kept = files();
    CHECK(kept > 1);
    practicus::core_conf(f.path).erase_unused_tokens();
    CHECK(files() == kept);

    // As the SDK does it.
    practicus::core_conf conf(f.path);
    conf.erase_regions().save();
    // What was on its way is not kept either.
    f.run(running.session_token(f.model("models/finance/loan-risk")));
    CHECK(files() == kept);
    std::string held;
    for (auto const& entry : fs::recursive_directory_iterator(f.folder / "tokens"))
        if (entry.path().extension() == ".lock") held = entry.path().string();
    REQUIRE_FALSE(held.empty());
    {
        held_lock const lock(held.substr(0, held.size() - std::string_view(".lock").size()));
        conf.erase_unused_tokens();
        CHECK(files() == 0);
        CHECK(fs::exists(held));
    }
    conf.erase_unused_tokens();
    CHECK(fs::is_empty(f.folder / "tokens"));
    fs::remove_all(f.folder / "tokens");
    conf.erase_unused_tokens();
}
