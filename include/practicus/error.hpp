// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/errc.hpp>

#include <boost/config.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace practicus { inline namespace v1 {

/// The information on a failure. Texts of the client and texts of the server are kept apart.
struct error_info
{
    /// An `errc`, `boost::asio::error::operation_aborted` or `boost::system::errc::not_enough_memory`.
    boost::system::error_code code;
    /// The client's text beside that of `code`: which field, which limit. Safe to log.
    std::string message;
    /// Method and path, such as `GET /console/api/modelhost/models/`, without query and secrets. Empty if no
    /// request was made.
    std::string request;
    /// The origin of that request, such as `https://practicus.company.com`. Empty if no request was made.
    std::string origin;
    /// The HTTP status, or 0.
    unsigned status = 0;
    /// The server's text (`detail`, `msg`, a validation error, the first line of a page), at most 1 KiB,
    /// control characters replaced. **Untrusted**: any server in between may have written it.
    std::string server_message;
    /// The server's code, such as `token_not_valid`. Untrusted, at most 64 bytes.
    std::string server_code;
    /// The last error of the operating system, Asio or OpenSSL, if it was the cause.
    boost::system::error_code cause;
    /// The pause that the server asked for (`Retry-After`).
    std::optional<std::chrono::seconds> retry_after;
    /// The number of attempts to send the request.
    unsigned attempts = 0;
    /// The duration of the operation.
    std::chrono::milliseconds elapsed{0};
    /// The exception of a source, a sink or another callback of the caller, if that ended the operation; else
    /// null.
    std::exception_ptr exception;
};

/// The exception of every operation. Copies share their information; what() holds only texts of the client.
class BOOST_SYMBOL_VISIBLE error : public boost::system::system_error
{
public:
    /// From shared information; the pointer must not be null.
    explicit error(std::shared_ptr<error_info const> info)
        : system_error(info->code), info_(std::move(info)), what_(compose(*info_))
    {}

    /// From complete information.
    explicit error(error_info info) : error(std::make_shared<error_info const>(std::move(info))) {}

    /// From a code and a text of the client.
    explicit error(errc code, std::string message = {}) : error(make_info(code, std::move(message))) {}

    /// Returns code, message, request, attempts and last cause; never a text of the server, never a secret.
    char const* what() const noexcept override { return what_->c_str(); }

    /// Returns the information. It lives as long as any copy of this error.
    error_info const& info() const noexcept { return *info_; }

    /// Returns the same information, to keep or to throw again on another thread.
    std::shared_ptr<error_info const> const& shared_info() const noexcept { return info_; }

private:
    static error_info make_info(errc code, std::string message)
    {
        error_info info;
        info.code = make_error_code(code);
        info.message = std::move(message);
        return info;
    }

    static std::shared_ptr<std::string const> compose(error_info const& info)
    {
        std::string text;
        if (!info.request.empty()) text += info.request + ": ";
        text += info.code.message();
        if (info.status != 0) text += " (status " + std::to_string(info.status) + ")";
        if (!info.message.empty()) text += ": " + info.message;
        if (info.attempts > 1)
            text += "; after " + std::to_string(info.attempts) + " attempts in " +
                    std::to_string(info.elapsed.count()) + " ms";
        if (info.cause && info.cause != info.code)
            if (auto const cause = info.cause.message(); !text.ends_with(cause))
                text += "; last cause: " + cause;
        return std::make_shared<std::string const>(std::move(text));
    }

    std::shared_ptr<error_info const> info_;
    std::shared_ptr<std::string const> what_;
};

}} // namespace practicus::v1
