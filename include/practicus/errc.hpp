// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <boost/config.hpp>
#include <boost/system/error_category.hpp>
#include <boost/system/error_code.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>

namespace practicus { inline namespace v1 {

/// The first argument of a completion handler: an `errc`, or one of the codes that `errc` mentions.
using error_code = boost::system::error_code;

/// The reason for which an operation failed. Each value says what to do next.
///
/// Two codes of other categories are possible. An operation that was cancelled, or that has lost its
/// execution context, ends with `boost::asio::error::operation_aborted`. When memory is exhausted, the code
/// is `boost::system::errc::not_enough_memory`; an awaitable may throw `std::bad_alloc` instead.
enum class errc
{
    // The caller's input. Nothing was sent.

    /// A url cannot be used. Fix the url; the message says what is wrong.
    invalid_url = 1,
    /// An argument or option cannot be used. Fix it; the message names it.
    invalid_argument,
    /// A token, an e-mail or a password is empty, or holds bytes that cannot be sent, such as a line break.
    /// Read it again from its source.
    invalid_credentials,
    /// The request would have carried a credential to an untrusted origin: neither the region's nor on the
    /// caller's list. Check the url. If the origin is the region's, add it to
    /// `client_options::trusted_origins`.
    untrusted_origin,

    // The identity.

    /// No credential is left that the region accepts: there was no login, or the refresh token was refused or
    /// is expired. Log in again.
    login_required,
    /// The region refused the e-mail, the password or the one-time password. Ask the user again; do not
    /// retry.
    login_refused,
    /// The region asks for a one-time password as well; a kept password is not sent again. Log in with
    /// `credentials::one_time_password`.
    one_time_password_required,
    /// The region refused a valid token, also after one renewal (401). Log in again; if it persists, ask the
    /// region's administrator.
    unauthorized,
    /// The user has no permission (403). Ask the region's administrator for it.
    forbidden,

    // The response's status.

    /// No such path, model or app (404). Check the url against the listing.
    not_found,
    /// The region refused the request as malformed (400 and other 4xx). The server's message says which
    /// field.
    bad_request,
    /// Too many requests (429). Send fewer, and try later.
    too_many_requests,
    /// The region or a server in front of it is overloaded or restarting, or did not accept the request in
    /// time. The status is 408, 425, 502, 503 or 504. Try later.
    unavailable,
    /// The region failed (other 5xx). Try later; if it persists, report it to the region's administrator.
    server_error,
    /// The response is a redirect that the client does not follow. Use the url that the region redirects to.
    redirected,
    /// A status that does not belong there (an unexpected 1xx, 2xx or 3xx). Check that the url is a Practicus
    /// AI region's.
    unexpected_status,

    // The response's content.

    /// A successful response is not JSON; it may be an HTML page. Check that the url is a Practicus AI
    /// region's.
    not_json,
    /// The JSON has another shape than expected; the message names the field and both types. Check the
    /// versions of client and region.
    unexpected_json,
    /// The metadata response of a model names no model id: the header `x-prt-model-id` is missing, 0 or not a
    /// number. Check that the url is a model's and that the model is deployed.
    no_model_id,
    /// The metadata response of an app names no app id. Check that the url is an app's.
    no_app_id,
    /// The token that the region issued is already expired. Ask the region's administrator to set its
    /// servers' clocks.
    expired_token,
    /// The model's response to a batch has another number of rows than the batch, or is JSON although earlier
    /// responses were CSV. Ask the model's author: each row needs one result, in order.
    row_count_mismatch,
    /// A successful response is not a prediction but a page, an error of another content type, or a CSV with
    /// another header line. `server_message` quotes it. Check the servers in front of
    /// the model, and whether the model was replaced meanwhile.
    unexpected_response,
    /// The response's body, or one event of it, exceeds its limit. If it is wanted, raise the limit in
    /// `client_options::limits`, a prediction's `predict_options::body_limit` or `event_limits`.
    body_too_large,
    /// The response's header exceeds its limit. If it is wanted, raise the limit in `client_options::limits`.
    header_too_large,
    /// The response is not HTTP, or its framing is broken. Check the url, the port and the servers in
    /// between.
    malformed_response,

    // The connection.

    /// The host name could not be resolved. Check the name and the machine's DNS.
    resolve_failed,
    /// No address of the host accepted the connection. Check the port, the firewall and that the region is
    /// up.
    connect_failed,
    /// The connection was closed or reset before the response was complete. Try again.
    connection_lost,
    /// The proxy refused to forward. Check the proxy's address, its credentials and its rules.
    proxy_refused,
    /// The certificate is for another host name. Use the name in the certificate; never disable verification
    /// for a password.
    certificate_host_mismatch,
    /// The certificate's issuer is not trusted. Set `tls_options::ca_file` to the region's certificate
    /// authority.
    certificate_untrusted,
    /// The certificate is expired or not yet valid. Renew it, or set this machine's clock.
    certificate_expired,
    /// The certificate is refused for another reason; the message says which.
    certificate_invalid,
    /// The peer does not speak TLS on this port. Check the scheme and the port.
    not_tls,
    /// The TLS handshake failed for another reason; the message says which. Check versions and client
    /// certificates.
    tls_failed,

    // Time and lifetime.

    /// Resolving the host name took longer than its limit.
    resolve_timeout,
    /// Connecting took longer than its limit.
    connect_timeout,
    /// The TLS handshake took longer than its limit.
    tls_timeout,
    /// The first byte of the response took longer than its limit.
    first_byte_timeout,
    /// The exchange paused for longer than its limit.
    stalled,
    /// The operation's deadline passed. The message says in which phase.
    deadline_exceeded,
    /// `client::close()` was called. Use another client.
    client_closed,
    /// A source, a sink or another callback of the caller threw. `error_info::exception` holds that
    /// exception. An operation without a completion token throws it unchanged.
    callback_failed,

    // Files.

    /// A file could not be read, written or understood; the message says which and why.
    file_error,
};

namespace detail {

/// The traits of an `errc`.
namespace errc_traits {
enum errc_trait : unsigned
{
    none = 0,
    /// The same operation may succeed later, with nothing changed.
    retryable = 1,
    /// Another credential is needed, or another permission of the same user.
    auth_error = 2,
    /// The same request most likely fails again, for a while.
    permanent = 4,
    /// The same request fails again until the next login, and may lock the account.
    until_login = 8,
    /// No connection was made; nothing of the request was sent.
    unreached = 16,
    /// The exchange was interrupted; the request may have been processed.
    broken_off = 32,
    /// The rows of a batch may be the cause; every other error would fail with other rows as well.
    fault_of_rows = 64,
    /// A model that has just started, or a router that does not know it yet, may respond so.
    of_model = 128
};
} // namespace errc_traits

struct errc_entry
{
    errc code;
    char const* text;
    unsigned traits;
};

constexpr auto make_errc_table() noexcept
{
    using namespace errc_traits;
    return std::to_array<errc_entry>(
        {{errc::invalid_url, "the url cannot be used", permanent},
         {errc::invalid_argument, "an argument cannot be used", permanent},
         {errc::invalid_credentials, "the credential cannot be sent", auth_error | until_login},
         {errc::untrusted_origin, "the url is not the region's, so no credential is sent there", permanent},
         {errc::login_required, "not logged in, or the login has ended", auth_error | until_login},
         {errc::login_refused, "the region refused the login", auth_error | until_login},
         {errc::one_time_password_required, "the region asks for a one-time password",
          auth_error | until_login},
         {errc::unauthorized, "the region refused the token", auth_error | permanent | of_model},
         {errc::forbidden, "the user has no right to this", auth_error | permanent},
         {errc::not_found, "not found", permanent | of_model},
         {errc::bad_request, "the region refused the request", permanent | fault_of_rows},
         {errc::too_many_requests, "too many requests", retryable},
         {errc::unavailable, "the region is overloaded or restarting", retryable},
         {errc::server_error, "the region failed", fault_of_rows | of_model},
         {errc::redirected, "a redirect that is not followed", permanent},
         {errc::unexpected_status, "an unexpected status", none},
         {errc::not_json, "the response is not JSON", none},
         {errc::unexpected_json, "the response's JSON has another shape than expected", permanent},
         {errc::no_model_id, "the response names no model id", permanent},
         {errc::no_app_id, "the response names no app id", permanent},
         {errc::expired_token, "the issued token is already expired", permanent},
         {errc::row_count_mismatch, "the model's response does not fit the rows that it was sent",
          permanent | fault_of_rows | of_model},
         {errc::unexpected_response, "the model's response is not a prediction", of_model},
         {errc::body_too_large, "the response's body exceeds its limit", permanent | fault_of_rows},
         {errc::header_too_large, "the response's header exceeds its limit", permanent},
         {errc::malformed_response, "the response is not well-formed HTTP", of_model},
         {errc::resolve_failed, "the host name could not be resolved", retryable | unreached},
         {errc::connect_failed, "the connection could not be made", retryable | unreached},
         {errc::connection_lost, "the connection was lost before the response was complete",
          retryable | broken_off},
         {errc::proxy_refused, "the proxy refused", none},
         {errc::certificate_host_mismatch, "the certificate is for another host name", permanent},
         {errc::certificate_untrusted, "the certificate's issuer is not trusted", permanent},
         {errc::certificate_expired, "the certificate is not valid at this time", permanent},
         {errc::certificate_invalid, "the certificate was refused", permanent},
         {errc::not_tls, "the peer does not speak TLS on this port", permanent},
         {errc::tls_failed, "the TLS handshake failed", none},
         {errc::resolve_timeout, "resolving the host name took too long", retryable | unreached},
         {errc::connect_timeout, "connecting took too long", retryable | unreached},
         {errc::tls_timeout, "the TLS handshake took too long", retryable | unreached},
         {errc::first_byte_timeout, "the response did not begin in time", retryable | broken_off},
         {errc::stalled, "the exchange paused for too long", retryable | broken_off},
         {errc::deadline_exceeded, "the operation's deadline passed", retryable},
         {errc::client_closed, "the client was closed", none},
         {errc::callback_failed, "a callback of the caller failed", none},
         {errc::file_error, "the file could not be used", none}});
}

/// One entry for each `errc`, in its order. Every predicate reads it.
inline constexpr auto errc_table = make_errc_table();

constexpr bool errc_table_is_complete() noexcept
{
    for (std::size_t i = 0; i != errc_table.size(); ++i)
        if (static_cast<std::size_t>(errc_table[i].code) != i + 1) return false;
    return errc_table.back().code == errc::file_error;
}
static_assert(errc_table_is_complete(), "an errc is missing in its table, or out of order");

constexpr errc_entry const* find_errc(int value) noexcept
{
    auto const i = static_cast<std::size_t>(value) - 1;
    return i < errc_table.size() ? &errc_table[i] : nullptr;
}

} // namespace detail

/// Returns the text of a code, as its message has it.
[[nodiscard]] inline std::string_view to_string(errc code) noexcept
{
    auto const* const known = detail::find_errc(static_cast<int>(code));
    return known != nullptr ? known->text : "unknown practicus error";
}

namespace detail {

/// Compared by its 64-bit id, so that equality holds across shared libraries.
class BOOST_SYMBOL_VISIBLE errc_category final : public boost::system::error_category
{
public:
    constexpr errc_category() noexcept : error_category(0xd2f4a1b97c3e5806ULL) {}

    char const* name() const noexcept override { return "practicus"; }
    std::string message(int value) const override { return std::string(to_string(static_cast<errc>(value))); }
    /// The same without an allocation; the buffer is unused.
    char const* message(int value, char*, std::size_t) const noexcept override
    {
        return to_string(static_cast<errc>(value)).data();
    }
};

inline constexpr errc_category errc_category_instance{};

} // namespace detail

/// Returns the category of `errc`. Compare codes with `errc` values, not categories.
inline boost::system::error_category const& error_category() noexcept
{
    return detail::errc_category_instance;
}

/// Converts an `errc` to a code, for Boost.System: `code == errc::not_found` works.
inline boost::system::error_code make_error_code(errc e) noexcept
{
    return {static_cast<int>(e), error_category()};
}

namespace detail {

/// Returns true if `code` is an `errc` with one of the traits.
inline bool has_trait(boost::system::error_code const& code, unsigned traits) noexcept
{
    if (!code || code.category() != error_category()) return false;
    auto const* const known = find_errc(code.value());
    return known != nullptr && (known->traits & traits) != 0;
}

} // namespace detail

/// Returns true if the same operation may succeed later, with nothing changed: after overload, restarts, lost
/// connections and time-outs. The client decides on its own whether a request may be sent twice.
[[nodiscard]] inline bool is_retryable(boost::system::error_code const& code) noexcept
{
    return detail::has_trait(code, detail::errc_traits::retryable);
}

/// Returns true if another credential is needed, or another permission of the same user.
[[nodiscard]] inline bool is_auth_error(boost::system::error_code const& code) noexcept
{
    return detail::has_trait(code, detail::errc_traits::auth_error);
}

}} // namespace practicus::v1

template <>
struct boost::system::is_error_code_enum<practicus::errc> : std::true_type
{};
