// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/ascii.hpp>
#include <practicus/detail/base/utf8.hpp>
#include <practicus/error.hpp>
#include <practicus/jwt.hpp>
#include <practicus/secret.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 {

/// Returns the session token to use now. `refused` is the token that a service refused or that has expired,
/// or empty. It is called for each use, from any thread, and must not block. It must not call the client.
using session_token_source = std::function<secret(secret const& refused)>;

/// The credentials of a login: e-mail and password, a refresh token, or an access token. A session token
/// needs no login.
///
/// White space at both ends of e-mails and tokens is removed: tokens that are read from files end with a line
/// break. A password is kept as it is. An empty text, one with a control character (a password: a line break
/// or NUL) and one that is no UTF-8 is refused with `errc::invalid_credentials`. The message shows nothing of
/// the text. Thread safety: as a `std::string`.
class credentials
{
public:
    /// The kind of the credentials.
    enum class kind
    {
        /// E-mail and password: `POST auth/`.
        password,
        /// A refresh token, valid for about 3 months: `POST auth/refresh/`.
        refresh_token,
        /// An access token, valid for about 30 minutes; it cannot be renewed.
        access_token,
        /// A token for a model, an app or a gateway. The console does not accept it; it cannot be renewed.
        session_token,
    };

    /// Makes credentials of an e-mail and a password. Throws `errc::invalid_credentials`.
    [[nodiscard]] static credentials password(std::string_view email, std::string_view password)
    {
        credentials result(kind::password, "password", password, false);
        result.email_ = checked("e-mail", detail::trimmed(email));
        return result;
    }

    /// Makes credentials of a refresh token. Throws `errc::invalid_credentials`.
    [[nodiscard]] static credentials refresh_token(std::string_view token)
    {
        return credentials(kind::refresh_token, "refresh token", token, true);
    }

    /// Makes credentials of an access token. Throws `errc::invalid_credentials`.
    [[nodiscard]] static credentials access_token(std::string_view token)
    {
        return credentials(kind::access_token, "access token", token, true);
    }

    /// Makes credentials of a session token that an administrator issued for a model, an app or a gateway.
    /// The client sends it with all its calls of models, apps and add-ons, without a console and a login. An
    /// operation of the console ends with `errc::login_required`, without a request. A token is not sent
    /// after the time in its `exp` claim (`errc::expired_token`); without the claim it always is. A 401 is
    /// final (`errc::unauthorized`). Throws `errc::invalid_credentials`.
    [[nodiscard]] static credentials session_token(std::string_view token)
    {
        return credentials(kind::session_token, "session token", token, true);
    }

    /// Makes credentials of a session token that may change. After a 401, a call is sent again once if the
    /// source returns another token. See `session_token_file` for a token in a file. Throws
    /// `errc::invalid_credentials` for an empty source or an invalid token, and what the source throws.
    [[nodiscard]] static credentials session_token(session_token_source source)
    {
        if (!source) throw error(errc::invalid_credentials, "the session token's source is empty");
        auto result = session_token(source(secret()).reveal());
        result.source_ = std::move(source);
        return result;
    }

    /// Makes credentials of a token. Its kind is the claim `token_type`; without that claim it is a refresh
    /// token. Throws `errc::invalid_credentials`.
    [[nodiscard]] static credentials token(std::string_view token)
    {
        switch (read_jwt(detail::trimmed(token)).type) {
        case token_type::access: return access_token(token);
        case token_type::session: return session_token(token);
        default: return refresh_token(token);
        }
    }

    /// Sets a one-time password, for regions that ask for one beside the password. A login with it is not
    /// repeated automatically once it may have reached the region. Throws `errc::invalid_credentials`.
    credentials& one_time_password(std::string_view value)
    {
        one_time_password_ = secret(checked("one-time password", detail::trimmed(value)));
        return *this;
    }

    /// Keeps the password in memory, so that the client logs in again automatically when the refresh token is
    /// refused. Has no effect beside a one-time password, which is valid once. Default: off.
    credentials& keep_password(bool on = true)
    {
        keep_password_ = on;
        return *this;
    }

    /// Returns the kind of the credentials.
    kind type() const noexcept { return kind_; }
    /// Returns the e-mail, trimmed; empty unless the kind is a password.
    std::string const& email() const noexcept { return email_; }
    /// Returns the password or the token; of a source, its first token.
    secret const& value() const noexcept { return value_; }
    /// Returns the source of the session token; empty if the token is fixed.
    session_token_source const& source() const noexcept { return source_; }
    /// Returns the one-time password, or an empty secret.
    secret const& one_time_password() const noexcept { return one_time_password_; }
    /// Returns true if the client keeps the password.
    bool is_password_kept() const noexcept { return keep_password_ && kind_ == kind::password; }

private:
    credentials(kind k, char const* name, std::string_view value, bool header)
        : kind_(k), value_(header ? checked_token(name, detail::trimmed(value)) : checked_line(name, value))
    {}

    static std::string_view checked(char const* name, std::string_view value)
    {
        if (detail::has_control(value))
            throw error(errc::invalid_credentials, std::string("the ") + name + " holds a control character");
        return checked_line(name, value);
    }

    // A line of a terminal or a file.
    static std::string_view checked_line(char const* name, std::string_view value)
    {
        if (value.empty()) throw error(errc::invalid_credentials, std::string("the ") + name + " is empty");
        if (value.find_first_of(std::string_view("\0\r\n", 3)) != value.npos)
            throw error(errc::invalid_credentials, std::string("the ") + name + " holds a line break or NUL");
        // JSON has no other encoding.
        for (auto rest = value; !rest.empty();)
            if (auto const c = detail::next_code_point(rest);
                c.value == detail::replacement_character && c.bytes.size() == 1)
                throw error(errc::invalid_credentials, std::string("the ") + name + " is no UTF-8");
        return value;
    }

    // A token goes into a header: visible ASCII only (RFC 6750 section 2.1 allows less).
    static std::string_view checked_token(char const* name, std::string_view value)
    {
        checked(name, value);
        if (!detail::all_visible(value))
            throw error(errc::invalid_credentials,
                        std::string("the ") + name + " holds a character that no token has");
        return value;
    }

    kind kind_;
    std::string email_;
    secret value_;
    session_token_source source_;
    secret one_time_password_;
    bool keep_password_ = false;
};

}} // namespace practicus::v1
