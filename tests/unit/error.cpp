// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "catch.hpp"

#include <practicus/error.hpp>

#include <boost/system/errc.hpp>

#include <algorithm>
#include <exception>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

using Catch::Matchers::ContainsSubstring;
using practicus::errc;
using practicus::error;
using practicus::error_info;
using practicus::make_error_code;

namespace {

std::vector<errc> all_codes()
{
    std::vector<errc> codes;
    for (int value = 1; value <= static_cast<int>(errc::file_error); ++value)
        codes.push_back(static_cast<errc>(value));
    return codes;
}

bool is_one_of(errc code, std::vector<errc> const& list)
{
    return std::find(list.begin(), list.end(), code) != list.end();
}

/// The category as another shared library of the same program would have it.
class twin_category final : public boost::system::error_category
{
public:
    constexpr twin_category() noexcept : error_category(0xd2f4a1b97c3e5806ULL) {}
    char const* name() const noexcept override { return "practicus"; }
    std::string message(int) const override { return "twin"; }
};

error_info full_info()
{
    error_info info;
    info.code = make_error_code(errc::unavailable);
    info.message = "gave up";
    info.request = "GET /console/api/modelhost/models/";
    info.status = 503;
    info.server_message = "<h1>hunter2</h1>";
    info.server_code = "server_code_7";
    info.cause = make_error_code(boost::system::errc::connection_reset);
    info.attempts = 3;
    info.elapsed = std::chrono::milliseconds(1234);
    return info;
}

static_assert(std::is_base_of_v<boost::system::system_error, error> &&
              std::is_base_of_v<std::exception, error>);
static_assert(std::is_nothrow_copy_constructible_v<error>,
              "an exception is copied while another is in flight");

} // namespace

TEST_CASE("each code has words of its own")
{
    std::set<std::string> texts;
    for (errc const code : all_codes()) {
        auto const text = make_error_code(code).message();
        CHECK_FALSE(text.empty());
        CHECK(text != "unknown practicus error");
        CHECK(texts.insert(text).second);
        char buffer[8];
        CHECK(text ==
              make_error_code(code).category().message(static_cast<int>(code), buffer, sizeof(buffer)));
    }
    CHECK(practicus::error_category().message(0) == "unknown practicus error");
    CHECK(practicus::error_category().message(static_cast<int>(errc::file_error) + 1) ==
          "unknown practicus error");
    CHECK(std::string(practicus::error_category().name()) == "practicus");
}

TEST_CASE("a code is an error of its category and of no other")
{
    boost::system::error_code const code = errc::not_found; // converts
    CHECK(code == errc::not_found);
    CHECK(code != errc::forbidden);
    CHECK(code.failed());
    CHECK(code.category() == practicus::error_category());
    CHECK(code !=
          boost::system::error_code(static_cast<int>(errc::not_found), boost::system::generic_category()));
}

TEST_CASE("the category is the same in every shared library of a program")
{
    static constexpr twin_category twin;
    boost::system::error_code const other(static_cast<int>(errc::unavailable), twin);
    CHECK(other == errc::unavailable);
    CHECK(practicus::is_retryable(other));
    CHECK_FALSE(practicus::is_auth_error(other));
}

TEST_CASE("to_string returns the text of a code's message")
{
    for (errc const code : all_codes())
        CHECK(to_string(code) == make_error_code(code).message());
    CHECK(to_string(errc::login_refused) == "the region refused the login");
    CHECK(to_string(static_cast<errc>(4711)) == "unknown practicus error");
}

TEST_CASE("is_retryable is true for transient errors")
{
    std::vector<errc> const retryable{
        errc::too_many_requests,  errc::unavailable,     errc::resolve_failed,   errc::connect_failed,
        errc::connection_lost,    errc::resolve_timeout, errc::connect_timeout,  errc::tls_timeout,
        errc::first_byte_timeout, errc::stalled,         errc::deadline_exceeded};
    for (errc const code : all_codes()) {
        INFO(make_error_code(code).message());
        CHECK(practicus::is_retryable(make_error_code(code)) == is_one_of(code, retryable));
    }
    auto const foreign = static_cast<int>(errc::unavailable);
    CHECK_FALSE(practicus::is_retryable({foreign, boost::system::generic_category()}));
    CHECK_FALSE(practicus::is_retryable({}));
}

TEST_CASE("is_auth_error is true for errors that need another credential or right")
{
    std::vector<errc> const auth{errc::invalid_credentials,        errc::login_required, errc::login_refused,
                                 errc::one_time_password_required, errc::unauthorized,   errc::forbidden};
    for (errc const code : all_codes()) {
        INFO(make_error_code(code).message());
        CHECK(practicus::is_auth_error(make_error_code(code)) == is_one_of(code, auth));
        CHECK_FALSE((practicus::is_auth_error(make_error_code(code)) &&
                     practicus::is_retryable(make_error_code(code))));
    }
    CHECK_FALSE(
        practicus::is_auth_error({static_cast<int>(errc::forbidden), boost::system::generic_category()}));
}

TEST_CASE("an error states the known facts and no text of the server")
{
    error const e(full_info());
    CHECK(e.code() == errc::unavailable);
    CHECK(e.info().status == 503);
    CHECK(e.info().server_message == "<h1>hunter2</h1>");
    std::string const what = e.what();
    CHECK(what == "GET /console/api/modelhost/models/: " + make_error_code(errc::unavailable).message() +
                      " (status 503): gave up; after 3 attempts in 1234 ms; last cause: " +
                      full_info().cause.message());
    CHECK_THAT(what, !ContainsSubstring("hunter2"));
    CHECK_THAT(what, !ContainsSubstring("server_code_7"));
}

TEST_CASE("an error leaves out unknown facts")
{
    CHECK(std::string(error(errc::client_closed).what()) == make_error_code(errc::client_closed).message());
    CHECK(std::string(error(errc::invalid_url, "it is empty").what()) ==
          make_error_code(errc::invalid_url).message() + ": it is empty");

    error_info info;
    info.code = info.cause = make_error_code(boost::system::errc::operation_canceled);
    info.attempts = 1;
    CHECK(std::string(error(info).what()) == info.code.message());
}

TEST_CASE("copies of an error share their error_info")
{
    error const first(full_info());
    error const copy = first; // NOLINT: the copy is what is tested
    CHECK(&copy.info() == &first.info());
    CHECK(copy.what() == first.what());

    error const again(first.shared_info()); // as another thread throws it
    CHECK(&again.info() == &first.info());
    CHECK(std::string(again.what()) == first.what());
}

TEST_CASE("an error is caught as each of its base classes")
{
    CHECK_THROWS_AS(throw error(errc::not_found), boost::system::system_error);
    try {
        throw error(errc::not_found);
    } catch (std::exception const& e) {
        CHECK(std::string(e.what()) == make_error_code(errc::not_found).message());
    }
}
