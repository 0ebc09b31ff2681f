// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "catch.hpp"
#include "options.hpp"
#include "temporary_folder.hpp"

#include <practicus/core_conf.hpp>

#include <openssl/evp.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <sys/stat.h>

namespace fs = std::filesystem;
using namespace practicus;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;

namespace {

/// As the SDK writes it.
constexpr char const* two_regions = R"([cloud]
default_config = -1
google_maps_api_key = 

[network]
bypass_ssl_verification = False
trust_local_certificates = True
proxy_host = 
proxy_port = 
proxy_user = 
proxy_pwd = 

[k8s]
default_region_key = alice@practicus.company.com

[k8s_config_0]
host_url = https://practicus.company.com
email = bob@company.com
username = bob
password = gAAAAABrB1VTC975mW7Hvf==
refresh_token = bobs.token
cluster_name = practicus
region_name = main

[k8s_config_1]
host_url = https://practicus.company.com
email = alice@company.com
username = alice
refresh_token = alices.token

[k8s_config_2]
host_url = https://other.company.com:8443
email = alice@company.com
username = alice
refresh_token = others.token

)";

/// A folder, and the environment, as the test needs them.
class home
{
public:
    home()
    {
        set("HOME", here_.path.c_str());
        for (auto const* name : {"PRT_URL", "PRT_TOKEN", "PRT_EMAIL", "PRT_PASSWORD"})
            set(name, nullptr);
    }
    home(home const&) = delete;
    home& operator=(home const&) = delete;
    ~home()
    {
        for (auto const& [name, value] : before_)
            put(name, value ? value->c_str() : nullptr);
    }

    void set(char const* name, char const* value)
    {
        auto const* was = std::getenv(name);
        before_.try_emplace(name, was ? std::optional<std::string>(was) : std::nullopt);
        put(name, value);
    }

    fs::path folder() const { return here_.path / ".practicus"; }
    fs::path file() const { return folder() / "core.conf"; }

    void write(std::string const& text) const
    {
        fs::create_directories(folder());
        std::ofstream(file(), std::ios::binary) << text;
    }

    std::string text() const
    {
        std::ifstream in(file(), std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }

private:
    static void put(std::string const& name, char const* value)
    {
        if (value != nullptr)
            ::setenv(name.c_str(), value, 1);
        else
            ::unsetenv(name.c_str());
    }

    temporary_folder here_;
    std::map<std::string, std::optional<std::string>> before_;
};

std::vector<std::string> keys(core_conf const& conf)
{
    std::vector<std::string> result;
    for (auto const& r : conf.regions())
        result.push_back(r.key());
    return result;
}

template <class F>
error refused(F f)
{
    try {
        f();
    } catch (error const& e) {
        return e;
    }
    FAIL("nothing was thrown");
    throw 0;
}

region some_region(std::string user = "carol", std::string token = "carols.token")
{
    return {"http://127.0.0.1:8080", user, user + "@company.com", credentials::refresh_token(token)};
}

} // namespace

TEST_CASE("core.conf: a file that the SDK wrote")
{
    home h;
    h.write(two_regions);
    core_conf const conf;
    CHECK(keys(conf) == std::vector<std::string>{"bob@practicus.company.com", "alice@practicus.company.com",
                                                 "alice@other.company.com:8443"});
    auto const chosen = conf.default_region();
    CHECK(chosen.key() == "alice@practicus.company.com");
    CHECK(chosen.email() == "alice@company.com");
    CHECK(chosen.url() == service_url("https://practicus.company.com"));
    CHECK(chosen.login().type() == credentials::kind::refresh_token);
    CHECK(chosen.login().value().reveal() == "alices.token");
    CHECK(chosen.options().credentials->value().reveal() == "alices.token");
    CHECK_FALSE(conf.bypasses_verification());
    CHECK(conf.trusts_local_certificates());
    CHECK(conf.proxy().url.empty());
    CHECK(chosen.is_default());
    CHECK_FALSE(conf.regions().front().is_default());
}

TEST_CASE("core.conf: a region is found by its key, host or url")
{
    home h;
    h.write(two_regions);
    core_conf const conf;
    for (auto const* name : {"alice@other.company.com:8443", "other.company.com:8443", "other.company.com",
                             "https://other.company.com:8443/"})
        CHECK(conf.find(name).key() == "alice@other.company.com:8443");
    CHECK(conf.find("bob@practicus.company.com").username() == "bob");

    auto const several = refused([&] { (void)conf.find("practicus.company.com"); });
    CHECK(several.code() == errc::invalid_argument);
    CHECK_THAT(several.what(),
               ContainsSubstring("name one: bob@practicus.company.com, alice@practicus.company.com"));
    auto const none = refused([&] { (void)conf.find("nowhere.company.com"); });
    CHECK(none.code() == errc::login_required);
    CHECK_THAT(none.what(), ContainsSubstring(h.file().string()));
    CHECK_THAT(none.what(),
               ContainsSubstring("it has bob@practicus.company.com, alice@practicus.company.com, "
                                 "alice@other.company.com:8443"));
}

TEST_CASE("core.conf: a missing file")
{
    home h;
    core_conf const conf;
    CHECK(conf.regions().empty());
    auto const none = refused([&] { (void)conf.default_region(); });
    CHECK(none.code() == errc::login_required);
    CHECK_THAT(none.what(), ContainsSubstring("log in"));
    h.set("HOME", nullptr);
    CHECK(refused([] { core_conf(); }).code() == errc::file_error);
}

TEST_CASE("core.conf: writing keeps unknown entries, and the file is private")
{
    home h;
    h.write("[my own]\nMixed_Key = 100%%\n[empty]\n[k8s_config_old]\nx = y\n" + std::string(two_regions));
    core_conf conf;
    conf.put(some_region()).make_default("carol@127.0.0.1:8080");
    // The SDK takes every section with such a name for a region.
    CHECK(conf.regions().size() == 4);
    conf.put(
        {"https://practicus.company.com", "bob", "bob@company.com", credentials::refresh_token("new.token")});
    conf.save();

    auto const text = h.text();
    CHECK_THAT(text, StartsWith("[my own]\nmixed_key = 100%%\n\n[empty]\n\n[k8s_config_old]\nx = y\n"));
    CHECK_THAT(text, ContainsSubstring("[cloud]\ndefault_config = -1\ngoogle_maps_api_key = \n"));
    CHECK_THAT(text, ContainsSubstring("default_region_key = carol@127.0.0.1:8080\n"));
    CHECK_THAT(text, ContainsSubstring(
                         "[k8s_config_3]\nhost_url = http://127.0.0.1:8080\nemail = carol@company.com\n"
                         "username = carol\nrefresh_token = carols.token\n"));
    CHECK_THAT(text, ContainsSubstring("[k8s_config_0]\nhost_url = https://practicus.company.com\n"
                                       "email = bob@company.com\nusername = bob\nrefresh_token = new.token\n"
                                       "cluster_name = practicus\nregion_name = main\n"));
    struct stat found = {};
    REQUIRE(::stat(h.file().c_str(), &found) == 0);
    CHECK((found.st_mode & 0777) == 0600);
    // Written and read again, it is the same.
    core_conf const again;
    again.save();
    CHECK(h.text() == text);
    CHECK(std::distance(fs::directory_iterator(h.folder()), {}) == 1);
}

TEST_CASE("core.conf: the first region of a new file is its default")
{
    home h;
    core_conf::update(core_conf::default_path(), [](core_conf& conf) { conf.put(some_region()); });
    CHECK(core_conf().default_key() == "carol@127.0.0.1:8080");
    // The SDK misses these on each of its starts.
    CHECK_THAT(h.text(), StartsWith("[cloud]\ndefault_config = -1\n"));
    CHECK_THAT(h.text(), ContainsSubstring("\n[network]\nbypass_ssl_verification = False\n"
                                           "trust_local_certificates = auto\n"));
    CHECK(core_conf().trusts_local_certificates());
    CHECK_THAT(h.text(),
               ContainsSubstring("\n[k8s]\ndefault_region_key = carol@127.0.0.1:8080\n\n[k8s_config_0]\n"));
}

TEST_CASE("core.conf: a percent sign is written as the SDK's parser reads it")
{
    home h;
    core_conf conf;
    practicus::region const r("https://practicus.company.com/a%20b", "50%", "a%b%%c@company.com",
                              credentials::refresh_token("to%ken"));
    conf.put(r).save();
    CHECK_THAT(h.text(), ContainsSubstring("default_region_key = 50%%@practicus.company.com/a%%20b\n"));
    CHECK_THAT(h.text(), ContainsSubstring("email = a%%b%%%%c@company.com\nusername = 50%%\n"));
    CHECK_THAT(h.text(), ContainsSubstring("refresh_token = to%%ken\n"));
    auto const back = core_conf().default_region();
    CHECK(back.key() == r.key());
    CHECK(back.is_default());
    CHECK(back.email() == r.email());
    CHECK(back.url() == r.url());
    CHECK(back.login().value().reveal() == "to%ken");
    conf.replace_refresh_token(r, practicus::secret("%new%")).save();
    CHECK(core_conf().default_region().login().value().reveal() == "%new%");
}

TEST_CASE(
    "core.conf: regions that are erased leave no gap, and the only one that is left becomes the default")
{
    home h;
    h.write(two_regions);
    core_conf conf;
    conf.erase("alice@practicus.company.com").save();
    CHECK(keys(core_conf()) ==
          std::vector<std::string>{"bob@practicus.company.com", "alice@other.company.com:8443"});
    CHECK_THAT(h.text(), ContainsSubstring("[k8s_config_1]\nhost_url = https://other.company.com:8443\n"));
    // Not the first one, which may be anything.
    CHECK(core_conf().default_key().empty());
    conf.erase("bob@practicus.company.com").save();
    CHECK(core_conf().default_key().empty());
    conf.put(some_region());
    CHECK(conf.default_key() == "carol@127.0.0.1:8080");
    conf.erase("carol@127.0.0.1:8080");
    CHECK(conf.default_key() == "alice@other.company.com:8443");
    conf.erase("other.company.com");
    CHECK(conf.default_key().empty());
    CHECK(conf.regions().empty());
    CHECK(refused([&] { conf.erase("other.company.com"); }).code() == errc::login_required);
}

TEST_CASE("core.conf: numbers with a gap, as a person leaves them")
{
    home h;
    std::string text = two_regions;
    text.erase(text.find("[k8s_config_1]"), text.find("[k8s_config_2]") - text.find("[k8s_config_1]"));
    h.write(text);
    core_conf conf;
    conf.put(some_region());
    CHECK(keys(conf) == std::vector<std::string>{"bob@practicus.company.com", "alice@other.company.com:8443",
                                                 "carol@127.0.0.1:8080"});
}

TEST_CASE("core.conf: a region that cannot be kept is refused")
{
    home h;
    core_conf conf;
    auto const refusal = [&](region const& r) {
        auto const e = refused([&] { conf.put(r); });
        CHECK_THAT(e.info().message, StartsWith("core_conf::put: the "));
        return e.code();
    };
    CHECK(refusal({"https://a", "u", "e", std::nullopt}) == errc::invalid_argument);
    CHECK(refusal({"https://a", "u", "e", credentials::password("e", "p")}) == errc::invalid_argument);
    CHECK(refusal({"https://a", "u", "", credentials::refresh_token("t")}) == errc::invalid_argument);
    CHECK(refusal({"https://a", "u", "e\r", credentials::refresh_token("t")}) == errc::invalid_argument);
    CHECK(conf.regions().empty());
}

TEST_CASE("core.conf: a name that could not be written gives way to the e-mail's local part")
{
    home h;
    for (auto const* name : {" root", "root ", "root\t", "r\xff", "root\n[k8s]", "\x01"}) {
        core_conf conf;
        conf.put({"https://h", name, "admin@company.com", credentials::refresh_token("t")}).save();
        CHECK(core_conf().default_region().username() == "admin");
    }
    CHECK(core_conf().regions().size() == 1);
}

TEST_CASE("core.conf: a file that cannot be understood is refused, and not written over")
{
    home h;
    for (std::string const text :
         {"[k8s\n", "[a]\nno value\n", "secret-of-mine = 1\n[a]\n", "[a]\nx = 1\nx = 2\n"}) {
        h.write(text);
        auto const e = refused([] { core_conf(); });
        CHECK(e.code() == errc::file_error);
        CHECK_THAT(e.what(), ContainsSubstring(h.file().string()));
        CHECK_THAT(e.what(), !ContainsSubstring("secret-of-mine"));
        CHECK_THROWS(
            core_conf::update(core_conf::default_path(), [](core_conf& c) { c.put(some_region()); }));
        CHECK(h.text() == text);
    }
    h.write(std::string(2 << 20, '\n'));
    CHECK(refused([] { core_conf(); }).code() == errc::file_error);
}

TEST_CASE("core.conf: a line that Python's configparser refuses is refused and named")
{
    home h;
    for (std::string const line : {"[a]", "[]", "alone", "= y", "x: 2", "X = 2", "y = \xff"}) {
        h.write("# a comment\n[a]\nx = 1\n" + line + "\ny = 2\n");
        auto const e = refused([] { core_conf(); });
        CHECK(e.code() == errc::file_error);
        CHECK_THAT(e.what(), ContainsSubstring("line 4"));
    }
    for (std::string const text : {"x = 1\n", "\xef\xbb\xbf[a]\n"}) {
        h.write(text);
        CHECK_THAT(refused([] { core_conf(); }).what(), ContainsSubstring("line 1"));
    }
}

TEST_CASE("core.conf: a duplicate section is refused, and the file stays unchanged")
{
    home h;
    std::string const text = "[k8s_config_0]\n" + std::string(two_regions);
    h.write(text);
    CHECK_THAT(refused([] {
                   core_conf::update(core_conf::default_path(), [](core_conf& c) { c.put(some_region()); });
               }).what(),
               ContainsSubstring("the section stands there twice"));
    CHECK(h.text() == text);
}

TEST_CASE("core.conf: a colon, continued lines and the section DEFAULT are read as the SDK reads them")
{
    home h;
    h.write("[DEFAULT]\nemail = all@company.com\n"
            "[k8s]\ndefault_region_key:alice@practicus.company.com\n"
            "[k8s_config_0]\nHost_URL: https://practicus.company.com\nusername =\n  alice\n"
            "refresh_token = alices.token\n"
            "[notes]\ntext = one\n\n  # a comment\n\ttwo\n");
    core_conf conf;
    // A line end before a name is no name.
    CHECK(conf.regions().front().username() == "\nalice");
    CHECK(conf.regions().front().email() == "all@company.com");
    CHECK(conf.regions().front().login().value().reveal() == "alices.token");
    conf.put(some_region()).save();
    CHECK_THAT(h.text(), StartsWith("[DEFAULT]\nemail = all@company.com\n\n[k8s]\n"));
    CHECK_THAT(h.text(), ContainsSubstring("[notes]\ntext = one\n\t\n\ttwo\n"));
}

namespace {

/// Sections of one user's regions, each with a token that says where it belongs.
std::string sections_of(std::initializer_list<std::string> urls)
{
    std::string text;
    for (auto const& url : urls)
        text += "[k8s_config_" + std::to_string(text.size()) + "]\nhost_url = " + url +
                "\nemail = admin@company.com\nusername = admin\nrefresh_token = of-" + url + "\n";
    return text;
}

std::string token_of(region const& r)
{
    return std::string(r.login().value().reveal());
}

region login_at(std::string const& url, std::string token, std::string email = "admin@company.com")
{
    return {url, "admin", std::move(email), credentials::refresh_token(token)};
}

} // namespace

TEST_CASE("core.conf: a region is its url, with scheme, port and path")
{
    home h;
    h.write(sections_of({"http://h/a", "http://h/b", "https://h:8080", "http://h:8080", "http://LocalHost:81",
                         "https://h:443"}));
    core_conf conf;
    for (auto const* url :
         {"http://h/a", "http://h/b", "https://h:8080", "http://h:8080", "http://LocalHost:81"})
        CHECK(token_of(conf.find(url)) == std::string("of-") + url);
    CHECK(token_of(conf.find("http://localhost:81/")) == "of-http://LocalHost:81");
    CHECK(token_of(conf.find("https://H/")) == "of-https://h:443");
    CHECK(token_of(conf.find("admin@H/b")) == "of-http://h/b");
    CHECK(token_of(conf.find("LOCALHOST")) == "of-http://LocalHost:81");
    CHECK(token_of(conf.find("admin@https://h:8080")) == "of-https://h:8080");
    CHECK(refused([&] { (void)conf.find("http://h/A"); }).code() == errc::login_required);
    CHECK(refused([&] { (void)conf.find("http://h:443"); }).code() == errc::login_required);
    auto const e = refused([&] { (void)conf.find("admin@h:8080"); });
    CHECK(e.code() == errc::invalid_argument);
    CHECK_THAT(e.what(), ContainsSubstring(
                             "name one: admin@company.com@https://h:8080, admin@company.com@http://h:8080"));
    CHECK(token_of(conf.find("admin@company.com@http://h:8080")) == "of-http://h:8080");

    // A login takes no other region's place, and a logout only its own.
    conf.put(login_at("http://h/b/", "new"));
    CHECK(token_of(conf.find("http://h/b")) == "new");
    CHECK(token_of(conf.find("http://h/a")) == "of-http://h/a");
    conf.put(login_at("https://h:8080", "new"));
    CHECK(token_of(conf.find("http://h:8080")) == "of-http://h:8080");
    CHECK(conf.regions().size() == 6);
    conf.erase("http://h/b");
    CHECK(token_of(conf.find("http://h/a")) == "of-http://h/a");
    CHECK(conf.regions().size() == 5);
}

TEST_CASE("core.conf: a model's url finds the region with the longest beginning of it")
{
    home h;
    h.write(sections_of({"http://h", "http://h/a", "http://h/ab", "https://h"}));
    core_conf const conf;
    CHECK(token_of(conf.find_serving("http://h/a/models/m/")) == "of-http://h/a");
    CHECK(token_of(conf.find_serving("http://H:80/abc/models/m")) == "of-http://h");
    CHECK(token_of(conf.find_serving("https://h/a/models/m/")) == "of-https://h");
    // Whichever stands first.
    h.write(sections_of({"http://h/a", "http://h"}));
    CHECK(token_of(core_conf().find_serving("http://h/a/models/m/")) == "of-http://h/a");
    auto const e = refused([&] { (void)conf.find_serving("http://h:8080/a/models/m/"); });
    CHECK(e.code() == errc::login_required);
    CHECK_THAT(e.what(), ContainsSubstring("it has"));
    h.set("PRT_URL", "http://h/a/models");
    h.set("PRT_TOKEN", "env");
    CHECK(token_of(find_region_serving("http://h/a/models/m/n/")) == "env");
    CHECK(token_of(find_region_serving("http://h/a/other/n/")) == "of-http://h/a");
    // The environment's is one of them, and wins where both are as long.
    h.set("PRT_URL", "http://h");
    CHECK(token_of(find_region_serving("http://h/a/models/m/")) == "of-http://h/a");
    CHECK(token_of(find_region_serving("http://h/c/models/m/")) == "env");
    h.set("PRT_URL", "http://h/a");
    CHECK(token_of(find_region_serving("http://h/a/models/m/")) == "env");
    CHECK(refused([] { (void)find_region_serving("nonsense"); }).code() == errc::invalid_url);
    // It needs no file.
    h.write("[a\n");
    CHECK(token_of(find_region_serving("http://h/a/models/m/")) == "env");
    h.set("HOME", nullptr);
    CHECK(token_of(find_region_serving("http://h/a/models/m/")) == "env");
}

TEST_CASE("core.conf: a model and a prefix may be named as the console is")
{
    home h;
    h.write(sections_of({"http://h", "http://h/a"}));
    for (std::string const path : {"models/practicus/console/", "a/console/api/x/", "console/api/x"})
        CHECK(token_of(core_conf().find_serving("http://h/" + path)) ==
              (path.starts_with('a') ? "of-http://h/a" : "of-http://h"));
    h.set("PRT_URL", "http://h");
    h.set("PRT_TOKEN", "env");
    CHECK(token_of(find_region_serving("http://h/models/practicus/console/")) == "env");
}

TEST_CASE("core.conf: two users of a region are two logins, also by one name")
{
    home h;
    core_conf conf;
    conf.put(login_at("http://h", "of-sales", "admin@sales.company.com"));
    conf.put(login_at("http://h", "of-labs", "admin@labs.company.com"));
    CHECK(conf.regions().size() == 2);
    CHECK(conf.default_region().email() == "admin@sales.company.com");
    auto const e = refused([&] { (void)conf.find("admin@h"); });
    CHECK_THAT(e.what(), ContainsSubstring("admin@sales.company.com@h, admin@labs.company.com@h"));
    conf.make_default("admin@labs.company.com@h");
    CHECK(conf.default_key() == "admin@h");
    CHECK(conf.default_region().email() == "admin@labs.company.com");
    // As a rotation: by the login, not by the key.
    conf.replace_refresh_token(login_at("http://h", "any", "Admin@Sales.company.com"), secret("new"));
    CHECK(token_of(conf.find("admin@sales.company.com@h")) == "new");
    CHECK(token_of(conf.find("admin@labs.company.com@h")) == "of-labs");
    conf.erase(login_at("http://h", "any", "admin@labs.company.com"));
    CHECK(token_of(conf.find("admin@h")) == "new");
    CHECK(conf.default_region().email() == "admin@sales.company.com");
}

TEST_CASE("core.conf: the key finds the login for any user name")
{
    home h;
    core_conf conf;
    for (auto const* user : {"corp/bob", "a@b", "@", "x y"})
        conf.put({"https://h/p", user, std::string(user) + "@company.com", credentials::refresh_token("t")});
    CHECK(conf.regions().size() == 4);
    for (auto const& r : conf.regions()) {
        CHECK(conf.find(r.key()).is_same_login(r));
        CHECK(conf.make_default(r).default_region().is_same_login(r));
    }
}

TEST_CASE("core.conf: a login of the environment that is not meant is not looked at")
{
    home h;
    h.write(two_regions);
    h.set("PRT_URL", "https://env.company.com");
    h.set("PRT_TOKEN", "no token\x01");
    CHECK(find_region("other.company.com").login().value().reveal() == "others.token");
    CHECK(find_region_serving("https://other.company.com:8443/models/m/n/").username() == "alice");
    CHECK(refused([] { (void)find_region("env.company.com"); }).code() == errc::invalid_credentials);
}

TEST_CASE("core.conf: a default that names nothing is an error with the regions there are")
{
    home h;
    for (std::string const begin :
         {"[k8s]\ndefault_region_key = admin@nowhere\n", "[k8s]\ndefault_region_key =\n", "[k8s]\n", "",
          "[k8s]\ndefault_region_key = http://\n"}) {
        h.write(begin + sections_of({"http://h/a", "http://h/b"}));
        auto const e = refused([] { (void)default_region(); });
        CHECK(e.code() == errc::login_required);
        CHECK_THAT(e.what(), ContainsSubstring("admin@h/a, admin@h/b"));
    }
    h.write(sections_of({"http://h/a"}));
    CHECK_THROWS_AS(core_conf().default_region(), error);
}

TEST_CASE("core.conf: the default is found as the SDK finds it, and where hosts differ by case")
{
    home h;
    for (std::string const key :
         {"admin@H.com/a", "H.com/a", "https://H.com/a", "admin@h.COM/a", "h.com:80/a"}) {
        h.write("[k8s]\ndefault_region_key = " + key + "\n" +
                sections_of({"https://other", "http://H.com/a", "http://h.com/A"}));
        CHECK(token_of(core_conf().default_region()) == "of-http://H.com/a");
    }
}

TEST_CASE("core.conf: of two logins that have one key, the default comes first in the file")
{
    home h;
    core_conf conf;
    conf.put(login_at("http://x", "t"));
    for (auto const* email : {"admin@a", "admin@b"})
        conf.put(login_at("http://h", email, email));
    conf.make_default("admin@b@h").save();
    CHECK(core_conf().default_key() == "admin@h");
    CHECK(token_of(core_conf().default_region()) == "admin@b");
    CHECK(core_conf().regions()[1].email() == "admin@b");
    conf.make_default("admin@a@h").save();
    CHECK(token_of(core_conf().default_region()) == "admin@a");
}

TEST_CASE("core.conf: of an http and an https login with one key in the SDK, the newest is last")
{
    home h;
    h.write(sections_of({"http://x", "https://h:8080", "http://h:8080"}));
    core_conf conf;
    auto const urls = [&] {
        conf.save();
        std::string result;
        for (std::string rest = h.text(); rest.find("host_url = ") != rest.npos;) {
            rest.erase(0, rest.find("host_url = ") + 11);
            result += rest.substr(0, rest.find('\n')) + ' ';
        }
        return result + token_of(core_conf().default_region());
    };
    conf.make_default("http://h:8080");
    CHECK(urls() == "http://x https://h:8080 http://h:8080 of-http://h:8080");
    conf.make_default("https://h:8080");
    CHECK(urls() == "http://x http://h:8080 https://h:8080 of-https://h:8080");
    // The SDK keeps the last one's values under the one key.
    conf.put(login_at("http://h:8080", "new"));
    CHECK(urls() == "http://x https://h:8080 http://h:8080 new");
    conf.put(login_at("https://h:8080", "newer")).make_default("https://h:8080");
    CHECK(urls() == "http://x http://h:8080 https://h:8080 newer");
    // Both stand before another user's whose key is the same.
    conf.put(login_at("https://h:8080", "other", "admin@labs.com"));
    conf.make_default("admin@labs.com@h:8080");
    CHECK(urls() == "http://x https://h:8080 http://h:8080 https://h:8080 other");
    conf.make_default("admin@company.com@http://h:8080");
    CHECK(urls() == "http://x https://h:8080 http://h:8080 https://h:8080 new");
    CHECK(core_conf().regions()[3].email() == "admin@labs.com");
}

TEST_CASE("core.conf: a url is kept as it was typed, and the key with it")
{
    home h;
    core_conf conf;
    auto const put = [&](std::string const& typed) {
        auto r = login_at(typed, "t");
        conf.put(r.typed_as(typed)).make_default(r).save();
        return conf.default_key();
    };
    CHECK(put("https://Practicus.Company.com:443/Sub/") == "admin@Practicus.Company.com:443/Sub");
    CHECK_THAT(h.text(), ContainsSubstring("\nhost_url = https://Practicus.Company.com:443/Sub\n"));
    // The same region: what refers to its key goes on with it.
    CHECK(put("https://practicus.company.com/Sub") == "admin@Practicus.Company.com:443/Sub");
    CHECK(conf.regions().size() == 1);
    CHECK(put("HTTP://h") == "admin@h");
    CHECK_THAT(h.text(), ContainsSubstring("\nhost_url = http://h\n"));
    auto r = login_at("http://h", "t");
    CHECK(refused([&] { r.typed_as("https://h"); }).code() == errc::invalid_argument);
}

namespace {

/// A token with these claims, and no signature.
std::string jwt(std::string const& claims)
{
    std::string const text = R"({"token_type":"refresh",)" + claims + "}";
    std::string encoded((text.size() + 2) / 3 * 4 + 1, '\0');
    encoded.resize(static_cast<std::size_t>(
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                        reinterpret_cast<unsigned char const*>(text.data()), static_cast<int>(text.size()))));
    for (char& c : encoded)
        c = c == '+' ? '-' : c == '/' ? '_' : c;
    return "e30." + encoded + ".x";
}

} // namespace

TEST_CASE("core.conf: every section that is written says an e-mail")
{
    home h;
    auto const carols = jwt(R"("sub":"carol@company.com")");
    h.write("[k8s_config_0]\nhost_url = https://a\nusername = a\nrefresh_token = opaque\n"
            "[k8s_config_1]\nhost_url = https://b\nusername = carol\nrefresh_token = " +
            carols + "\n[k8s_config_2]\nhost_url = https://c\nusername = admin\nrefresh_token = old\n");
    core_conf conf;
    conf.put(login_at("https://c", "new"));
    CHECK(conf.find("a@a").email().empty());
    CHECK(conf.find("carol@b").email() == "carol@company.com");
    CHECK(conf.find("c").email() == "admin@company.com");
    CHECK(conf.regions().size() == 3);
    conf.save();
    // Empty is enough for the SDK.
    CHECK_THAT(h.text(), ContainsSubstring("[k8s_config_0]\nhost_url = https://a\nusername = a\n"
                                           "refresh_token = opaque\nemail = \n"));
    conf.put({"https://d", {}, {}, credentials::refresh_token(carols)});
    CHECK(conf.find("d").key() == "carol@d");
    CHECK(conf.find("d").email() == "carol@company.com");
    auto const e = refused([&] {
        conf.put({"https://e", "x", {}, credentials::refresh_token(jwt(R"("user_id":17)"))});
    });
    CHECK(e.code() == errc::invalid_argument);
    CHECK_THAT(e.what(), ContainsSubstring("e-mail"));
    // As the SDK, which takes any text for one.
    conf.put({"https://f", {}, {}, credentials::refresh_token(jwt(R"("sub":"17")"))});
    CHECK(conf.find("f").key() == "17@f");
}

TEST_CASE("core.conf: a section without an e-mail is its token's user's")
{
    home h;
    auto const labs = jwt(R"("sub":"admin@labs.com")");
    h.write("[k8s_config_0]\nhost_url = http://h\nusername = admin\nrefresh_token = " + labs + "\n");
    core_conf conf;
    CHECK(conf.regions().front().email() == "admin@labs.com");
    conf.put(login_at("http://h", "of-sales", "admin@sales.com")).save();
    REQUIRE(core_conf().regions().size() == 2);
    CHECK(token_of(core_conf().find("admin@labs.com@h")) == labs);
    CHECK(token_of(core_conf().find("admin@sales.com@h")) == "of-sales");
    CHECK_THAT(h.text(), ContainsSubstring("\nemail = admin@labs.com\n"));
}

TEST_CASE("core.conf: a login that takes the default's place is the default")
{
    home h;
    auto const key = [](std::string const& name) { return "[k8s]\ndefault_region_key = " + name + "\n"; };
    auto const put_default = [&](std::string const& file, region const& r) {
        h.write(file);
        core_conf conf;
        conf.put(r);
        CHECK(conf.default_region().is_default());
        return conf.default_key() + ' ' + conf.default_region().email();
    };
    // Another name, other letters, and no e-mail before.
    CHECK(put_default(key("admin@h") + sections_of({"http://h"}),
                      {"http://h", "root", "admin@company.com", credentials::refresh_token("t")}) ==
          "root@h admin@company.com");
    CHECK(put_default(key("admin@LocalHost") + sections_of({"http://localhost", "http://LocalHost"}),
                      login_at("http://localhost", "t")) == "admin@localhost admin@company.com");
    CHECK(put_default(key("admin@h") + "[k8s_config_0]\nhost_url = http://h\nusername = admin\n",
                      login_at("http://h", "t", "Admin@x")) == "admin@h Admin@x");
    // A key that now names another login first.
    auto const others =
        "[k8s_config_b]\nhost_url = http://h\nemail = b@c\nusername = b\nrefresh_token = b\n" +
        sections_of({"http://h"});
    CHECK(
        put_default(key("admin@h") + others, {"http://h", "admin", "b@c", credentials::refresh_token("t")}) ==
        "admin@h admin@company.com");
    // What names nothing is left.
    h.write(key("gone") + sections_of({"http://h"}));
    CHECK(core_conf().put(login_at("http://i", "t")).default_key() == "gone");
}

TEST_CASE("core.conf: a scheme in upper case stays in the key, where the SDK looks for it")
{
    home h;
    h.write("[k8s]\ndefault_region_key = admin@HTTP://h:1\n" + sections_of({"http://x", "HTTP://h:1"}));
    core_conf conf;
    CHECK(token_of(conf.default_region()) == "of-HTTP://h:1");
    CHECK(token_of(conf.find("http://h:1")) == "of-HTTP://h:1");
    CHECK(token_of(conf.find("admin@HTTP://h:1")) == "of-HTTP://h:1");
    conf.put(login_at("http://h:1", "new")).make_default("h:1").save();
    CHECK(core_conf().default_key() == "admin@HTTP://h:1");
    CHECK_THAT(h.text(), ContainsSubstring("\nhost_url = HTTP://h:1\n"));
    CHECK(token_of(core_conf().default_region()) == "new");
}

TEST_CASE("core.conf: of two users of a region that a host or a url names, the default is taken")
{
    home h;
    core_conf conf;
    conf.put(login_at("http://h", "of-sales", "admin@sales.com"));
    conf.put(login_at("http://h", "of-labs", "admin@labs.com"));
    conf.put(login_at("http://h/b", "of-b")).save();
    for (std::string const email : {"admin@labs.com", "admin@sales.com"}) {
        conf.make_default(email + "@h").save();
        for (auto const* name : {"http://h", "HTTP://H:80/"})
            CHECK(find_region(name).email() == email);
        CHECK(find_region_serving("http://h/models/m/").email() == email);
        CHECK(find_region_serving("http://h/b/models/m/").email() == "admin@company.com");
        // What a change is for is named in full.
        CHECK(refused([&] { conf.erase("http://h"); }).code() == errc::invalid_argument);
        CHECK(refused([&] { (void)find_region("admin@h"); }).code() == errc::invalid_argument);
    }
    h.set("PRT_URL", "http://h");
    CHECK(default_region().email() == "admin@sales.com");
    h.set("PRT_URL", nullptr);
    // Of two regions of a host it is not, nor if it is another region's.
    CHECK(find_region("h").email() == "admin@sales.com");
    conf.make_default("http://h/b").save();
    for (auto const* name : {"http://h", "h"})
        CHECK(refused([&] { (void)find_region(name); }).code() == errc::invalid_argument);
    CHECK(refused([] { (void)find_region_serving("http://h/models/m/"); }).code() == errc::invalid_argument);
}

TEST_CASE("PRT_URL may end in a line break, as a file with secrets does")
{
    home h;
    h.set("PRT_TOKEN", "some.token\n");
    for (auto const* url :
         {"https://env.company.com\n", " https://env.company.com/\r\n", "https://env.company.com \t"}) {
        h.set("PRT_URL", url);
        CHECK(environment_url().size() <= 25);
        CHECK(default_region().url().str() == "https://env.company.com/");
        CHECK(find_region("env.company.com").login().value().reveal() == "some.token");
    }
    h.set("PRT_URL", " \n");
    CHECK_FALSE(region_from_environment());
    h.set("PRT_URL", nullptr);
    CHECK(environment_url().empty());
}

TEST_CASE("core.conf: one host on two ports")
{
    home h;
    h.write("[k8s_config_0]\nhost_url = https://h\nusername = a\n"
            "[k8s_config_1]\nhost_url = https://h:8443\nusername = a\n"
            "[k8s_config_2]\nhost_url = https://i:1\nusername = a\n"
            "[k8s_config_3]\nhost_url = https://i:2\nusername = a\n");
    core_conf const conf;
    CHECK(conf.find("h").key() == "a@h");
    CHECK(conf.find("a@h").key() == "a@h");
    CHECK(conf.find("h:8443").key() == "a@h:8443");
    CHECK(conf.find("https://h:8443/").key() == "a@h:8443");
    auto const e = refused([&] { (void)conf.find("i"); });
    CHECK(e.code() == errc::invalid_argument);
    CHECK_THAT(e.what(), ContainsSubstring("a@i:1, a@i:2"));
    // The environment's, too.
    h.set("PRT_URL", "https://h:8443");
    h.set("PRT_TOKEN", "t");
    CHECK(find_region("h").key() == "a@h");
    CHECK(find_region("h:8443").has_login());
}

TEST_CASE("core.conf: all regions are erased, also unusable ones")
{
    home h;
    h.write(std::string(two_regions) +
            "[k8s_config_3]\nhost_url = https://h/console/\nrefresh_token = hidden\n" +
            "[k8s_config_4]\nhost_url = https://h\nusername = a\nrefresh_token = one\n" +
            "[k8s_config_5]\nhost_url = https://h\nusername = a\nrefresh_token = two\n");
    core_conf::update(core_conf::default_path(), [](core_conf& c) { c.erase_regions(); });
    CHECK_THAT(h.text(), !ContainsSubstring("refresh_token"));
    CHECK_THAT(h.text(), ContainsSubstring("[cloud]"));
    CHECK(core_conf().default_key().empty());
}

TEST_CASE("core.conf: a link to nothing stays one")
{
    home h;
    fs::create_directories(h.folder());
    fs::create_symlink("real.conf", h.file());
    core_conf::update(core_conf::default_path(), [](core_conf& c) { c.put(some_region()); });
    CHECK(fs::is_symlink(h.file()));
    CHECK(core_conf((h.folder() / "real.conf").string()).regions().size() == 1);
}

TEST_CASE("core.conf: a lock that another process holds is not waited for, if that is asked")
{
    home h;
    h.write(two_regions);
    auto const path = core_conf::default_path();
    core_conf::update(path, [&](core_conf& outer) {
        outer.make_default("bob@practicus.company.com");
        CHECK_FALSE(core_conf::try_update(path, [](core_conf&) { FAIL("it is locked"); }));
    });
    CHECK(core_conf::try_update(path, [](core_conf& c) { c.make_default("other.company.com"); }));
    CHECK(core_conf().default_key() == "alice@other.company.com:8443");
}

TEST_CASE("core.conf: the wait for a lock is limited, and reported when it begins")
{
    home h;
    h.write(two_regions);
    auto const path = core_conf::default_path();
    std::vector<std::string> told;
    core_conf::update(path, [&](core_conf&) {
        auto const e = refused([&] {
            core_conf::update(
                path, [](core_conf&) { FAIL("it is locked"); },
                [&](std::string const& lock) { told.push_back(lock); }, std::chrono::milliseconds(20));
        });
        CHECK(e.code() == errc::file_error);
        CHECK_THAT(e.what(), ContainsSubstring(path + ".lock"));
    });
    CHECK(told == std::vector<std::string>{path + ".lock"});
    core_conf::update(
        path, [](core_conf&) {}, [](std::string const&) { FAIL("nothing is locked"); });
}

TEST_CASE("core.conf: a lock that is a link is not followed")
{
    home h;
    h.write(two_regions);
    fs::create_symlink(h.folder() / "elsewhere", h.file().string() + ".lock");
    auto const path = core_conf::default_path();
    auto const change = [](core_conf&) { FAIL("it was locked"); };
    CHECK(refused([&] { core_conf::try_update(path, change); }).code() == errc::file_error);
    CHECK(refused([&] { core_conf::update(path, change); }).code() == errc::file_error);
    CHECK_FALSE(fs::exists(h.folder() / "elsewhere"));
}

TEST_CASE("core.conf: files that other users can access are reported, with the command that fixes it")
{
    home h;
    CHECK(core_conf::exposed().empty());
    h.write(two_regions);
    auto const tokens = h.folder() / "tokens";
    auto const of_login = tokens / "x";
    fs::create_directories(of_login);
    auto const chmod = [](fs::path const& path, int mode) { fs::permissions(path, fs::perms(mode)); };
    // As the SDK leaves the folder.
    chmod(h.folder(), 0755);
    chmod(h.file(), 0600);
    chmod(tokens, 0700);
    chmod(of_login, 0700);
    CHECK(core_conf::exposed().empty());
    struct
    {
        fs::path path;
        int wrong, right;
        char const* command;
    } const places[] = {{h.file(), 0644, 0600, "chmod 600 '"},
                        {tokens, 0777, 0700, "chmod 700 '"},
                        {of_login, 0710, 0700, "chmod 700 '"},
                        {h.folder(), 0777, 0755, "chmod go-w '"}};
    for (auto const& [path, wrong, right, command] : places) {
        chmod(path, wrong);
        auto const texts = core_conf::exposed();
        REQUIRE(texts.size() == 1);
        CHECK_THAT(texts[0], EndsWith(command + path.string() + "'"));
        chmod(path, right);
    }
}

TEST_CASE("core.conf: a region without a token or an url that can be used")
{
    home h;
    h.write("[k8s_config_0]\nhost_url = ftp://x\nusername = a\n[k8s_config_1]\nHost_URL = "
            "https://x\nusername = a\n");
    core_conf const conf;
    REQUIRE(keys(conf) == std::vector<std::string>{"a@x"});
    CHECK_FALSE(conf.find("x").has_login());
    auto const e = refused([&] { (void)conf.find("x").options(); });
    CHECK(e.code() == errc::login_required);
    CHECK_THAT(e.what(), ContainsSubstring("a@x"));
}

TEST_CASE("core.conf: the network's settings")
{
    home h;
    h.write(
        "[network]\nbypass_ssl_verification = True\ntrust_local_certificates = False\nproxy_host = proxy\n"
        "proxy_port = 3128\nproxy_user = me\nproxy_pwd = 5%%ecret%%\n" +
        std::string(two_regions).substr(std::string_view(two_regions).find("[k8s]")));
    core_conf const conf;
    CHECK(conf.bypasses_verification());
    CHECK_FALSE(conf.trusts_local_certificates());
    CHECK(conf.proxy().url.reveal() == "proxy:3128");
    CHECK(conf.proxy().user == "me");
    CHECK(conf.proxy().password.reveal() == "5%ecret%");
    CHECK(conf.default_region().options().proxy.user == "me");
}

TEST_CASE("core.conf: a region's files for TLS are kept until its last login is gone")
{
    home h;
    h.write(two_regions);
    service_url const url("https://practicus.company.com"), six("https://[::1]:8443/sub");
    auto const files = options_with<tls_options>([&](auto& o) {
        o.ca_file = "/etc/50% of/ca.pem";
        o.certificate_file = "cert.pem";
        o.key_file = "/k/../key.pem";
    });
    auto const kept = [](service_url const& of) { return core_conf().tls(of); };
    auto const refusal = [&](auto const& set) {
        return refused([&] { core_conf().keep_tls(url, options_with<tls_options>(set)); }).info().message;
    };
    CHECK(kept(url).ca_file.empty());
    CHECK_THAT(refusal([](auto& o) { o.key_file = "/key.pem"; }), ContainsSubstring("tls.key_file needs"));
    CHECK_THAT(refusal([](auto& o) { o.ca_file = "/\x01.pem"; }),
               StartsWith("core_conf::keep_tls: the path of ca_file"));
    core_conf::update(core_conf::default_path(), [&](core_conf& c) {
        c.keep_tls(six, options_with<tls_options>([&](auto& o) { o.ca_file = "/old.pem"; }))
            .keep_tls(url, files);
        c.keep_tls(six, options_with<tls_options>([&](auto& o) { o.ca_file = "/six.pem"; }));
    });
    CHECK(kept(url).ca_file == "/etc/50% of/ca.pem");
    CHECK(kept(url).certificate_file == (fs::current_path() / "cert.pem").string());
    CHECK(kept(url).key_file == "/key.pem");
    CHECK(kept(six).ca_file == "/six.pem");
    CHECK(kept(six).certificate_file.empty());
    CHECK(kept(service_url("https://practicus.company.com/sub")).ca_file.empty());
    CHECK(core_conf().regions().size() == 3);
    // Each of its users has them.
    CHECK(core_conf().find("alice@practicus.company.com").options().tls.ca_file == "/etc/50% of/ca.pem");
    core_conf::update(core_conf::default_path(),
                      [](core_conf& c) { c.erase("alice@practicus.company.com"); });
    CHECK(core_conf().find("bob@practicus.company.com").options().tls.key_file == "/key.pem");
    core_conf::update(core_conf::default_path(), [](core_conf& c) { c.erase("bob@practicus.company.com"); });
    CHECK(kept(url).ca_file.empty());
    CHECK(kept(six).ca_file == "/six.pem");
    core_conf::update(core_conf::default_path(), [&](core_conf& c) { c.keep_tls(six, tls_options()); });
    CHECK_THAT(h.text(), !ContainsSubstring(".pem"));
    core_conf::update(core_conf::default_path(),
                      [&](core_conf& c) { c.keep_tls(url, files).erase_regions(); });
    CHECK_THAT(h.text(), !ContainsSubstring(".pem"));
    CHECK_THROWS_AS(
        core_conf().keep_tls(url, options_with<tls_options>([&](auto& o) { o.ca_file = "/two\nlines"; })),
        practicus::error);
}

TEST_CASE("core.conf: a link to the file stays one")
{
    home h;
    h.write(two_regions);
    auto const real = h.folder() / "real.conf";
    fs::rename(h.file(), real);
    fs::create_symlink(real, h.file());
    core_conf::update(core_conf::default_path(), [](core_conf& c) { c.put(some_region()); });
    CHECK(fs::is_symlink(h.file()));
    CHECK(core_conf(real.string()).regions().size() == 4);
}

TEST_CASE("core.conf: concurrent changes are all kept")
{
    home h;
    std::vector<std::thread> writers;
    for (int i = 0; i != 8; ++i)
        writers.emplace_back([i] {
            for (int n = 0; n != 5; ++n)
                core_conf::update(core_conf::default_path(), [&](core_conf& c) {
                    c.put(some_region("user-" + std::to_string(i) + "-" + std::to_string(n)));
                });
        });
    for (auto& w : writers)
        w.join();
    CHECK(core_conf().regions().size() == 40);
}

TEST_CASE("the default region is the environment's, else that of core.conf")
{
    home h;
    h.write(two_regions);
    CHECK(default_region().key() == "alice@practicus.company.com");
    CHECK_FALSE(region_from_environment());

    // A token is for the url beside it, or for none.
    h.set("PRT_TOKEN", "some.token");
    CHECK(default_region().login().value().reveal() == "alices.token");
    h.set("PRT_URL", "https://env.company.com/");
    auto const r = default_region();
    CHECK(r.url().origin().host() == "env.company.com");
    CHECK(r.login().value().reveal() == "some.token");
    CHECK(r.options().credentials->value().reveal() == "some.token");
    CHECK_FALSE(r.options().on_tokens);
    CHECK(find_region("env.company.com").login().value().reveal() == "some.token");
    CHECK(find_region("other.company.com").login().value().reveal() == "others.token");
    h.set("PRT_URL", "nonsense");
    CHECK(find_region("other.company.com").login().value().reveal() == "others.token");
    CHECK_THAT(refused([] { (void)default_region(); }).what(),
               ContainsSubstring("PRT_URL: it has no scheme"));
    h.set("PRT_URL", "https://env.company.com/");

    h.set("PRT_TOKEN", nullptr);
    CHECK(refused([] { (void)default_region(); }).code() == errc::login_required);
    h.set("PRT_URL", "https://other.company.com:8443");
    CHECK(default_region().login().value().reveal() == "others.token");
    h.set("PRT_EMAIL", "me@company.com");
    h.set("PRT_PASSWORD", "pass");
    CHECK(default_region().login().type() == credentials::kind::password);
    CHECK(default_region().email() == "me@company.com");
}
