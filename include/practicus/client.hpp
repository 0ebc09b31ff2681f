// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/call.hpp>
#include <practicus/call_options.hpp>
#include <practicus/call_url.hpp>
#include <practicus/catalog.hpp>
#include <practicus/completion_token.hpp>
#include <practicus/credentials.hpp>
#include <practicus/detail/base/config.hpp>
#include <practicus/detail/client/completion.hpp>
#include <practicus/detail/client/handle.hpp>
#include <practicus/detail/client/operations.hpp>
#include <practicus/error.hpp>
#include <practicus/observer.hpp>
#include <practicus/options.hpp>
#include <practicus/predict.hpp>
#include <practicus/secret.hpp>
#include <practicus/token.hpp>
#include <practicus/url.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/execution_context.hpp>

#include <concepts>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace practicus { inline namespace v1 {

class client;
struct batch_progress;
struct batch_failure;

namespace detail {

/// The state behind a client, for operations that are no members.
handle const& handle_of(client const& of) noexcept;

} // namespace detail

/// The console and the models of a Practicus AI region.
///
/// A client is a cheap handle on shared state. Copy it, and pass it by value.
///
/// **Operations.** Without a completion token, an operation returns a `client::awaitable`, which begins when
/// it is awaited. With a completion token as last argument, it is an Asio initiating function; the handler's
/// arguments are an `error_code` and the result. An operation owns copies of its arguments and a handle of
/// the client.
///
/// **Errors.** An awaitable throws `practicus::error`; a handler gets the same code, and `with_error_info`
/// gives it the rest. `practicus::errc` says what each code asks of the caller. The documentation of an
/// operation names its own errors. Every operation can also end with an error of the connection, of time, or
/// of the response's status or content. It can end with those of a login or a renewal that it waits for.
/// After `close` it ends with `errc::client_closed`. It ends with `boost::asio::error::operation_aborted`
/// when it is cancelled or the client's execution context is gone. When memory is exhausted, it ends with
/// `boost::system::errc::not_enough_memory`; an awaitable may throw `std::bad_alloc` instead. Invalid
/// arguments end the operation in the same way; only an invalid url throws where it is made. An exception of
/// a source, a sink or a callback leaves an awaitable unchanged; a handler gets `errc::callback_failed`.
/// As in Asio, an initiating function that gets no memory for its handler throws `std::bad_alloc` and
/// destroys the handler without calling it. The client stays usable.
///
/// **Access tokens.** An operation that needs an access token renews it shortly before it expires, and once
/// when the region refuses it (401). All callers share one renewal. When no credential is left that the
/// region accepts, operations end with `errc::login_required`. Operations that wait for a login by
/// `client_options::credentials` end with the error of that login, for example `errc::login_refused`.
///
/// **Time.** An operation has 30 s in total, token fetches and retries included, and ends with
/// `errc::deadline_exceeded`. `timeout_options::operation` and `call_options::timeout` change this limit.
/// Predictions have no limit in total, only those of each phase.
///
/// **Cancellation.** Every type of cancellation ends an operation at once, and the client stays usable.
/// (`co_spawn` passes on only `terminal`, unless the coroutine says otherwise.) A renewal that other callers
/// may wait for goes on. As everywhere in Asio, a signal must be emitted on the operation's executor, which
/// must be a strand or have one thread. A cancellation during an operation or its callbacks always makes the
/// await throw, even after `this_coro::throw_if_cancelled(false)`. A coroutine that has called that may begin
/// an operation after a cancellation, which then does not end it. An operation with a source, a sink or a
/// batch job cancels these and ends after them, because they may refer to the caller's objects.
///
/// **Executors.** An awaitable runs on its coroutine's executor. Another operation runs on its handler's
/// executor, by default the client's; the handler is never called inside the initiating function. On an
/// executor of the client's own context, an operation does its I/O there. On an executor of another context,
/// the operation runs on the client's executor and its caller waits; the client's context must be run as
/// well. Work that callers share always runs on the client's executor. A context that is destroyed destroys
/// the handlers of its executors without calling them. The executor's context of an `any_completion_handler`
/// must outlive the operation.
///
/// **Thread safety.** Distinct handles, and operations of one handle, may be used from any threads at once.
/// As with a `std::shared_ptr`, a handle must not be assigned to, moved from or destroyed while another
/// thread uses it.
///
/// **Lifetime.** The client and its context may be destroyed in any order. When the last handle is gone and
/// no operation is left, connections are closed. With no operation in flight, the client holds no outstanding
/// work: `io_context::run` returns.
class client
{
public:
    /// The return type of an operation without a completion token. It starts when it is awaited, once.
    template <class T>
    using awaitable = boost::asio::awaitable<T>;

    /// The type of `get_executor`.
    using executor_type = boost::asio::any_io_executor;

    /// Makes a client of one region, without a request. Throws `errc::invalid_argument` for an invalid option
    /// (the message names the field) and `errc::file_error` for a certificate file. A text for `service`
    /// throws `errc::invalid_url`.
    client(boost::asio::any_io_executor executor, practicus::service_url service,
           client_options options = client_options());

    /// The same, on the executor of an execution context.
    template <class ExecutionContext>
    requires std::convertible_to<ExecutionContext&, boost::asio::execution_context&>
    client(ExecutionContext& context, practicus::service_url service,
           client_options options = client_options())
        : client(executor_type(context.get_executor()), std::move(service), std::move(options))
    {}

    /// Returns the executor of handlers that have none, or an empty one if its context is gone.
    [[nodiscard]] executor_type get_executor() const;

    /// Returns a handle on the same client. Its calls use `options`:
    /// `client.with(call_options().timeout(2s))`. Replaces the options of an earlier `with`.
    [[nodiscard]] client with(call_options options) const;

    /// Logs in with e-mail and password; the password is not kept. A cancellation after the region's response
    /// ends only the wait. Errors: `errc::login_refused`, `errc::one_time_password_required`,
    /// `errc::expired_token`, `errc::invalid_credentials`.
    template <completion_token<void> Token = await_token>
    [[nodiscard]] auto login(std::string email, std::string password, Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion),
                                detail::operations::login_by_password, std::move(email),
                                secret::take(std::move(password)));
    }

    /// Logs in with any credentials. A refresh token is verified by a first refresh. An access token is used
    /// as it is, without a request. Replaces the previous login; a refused password changes nothing. Errors:
    /// `errc::login_refused`, `errc::one_time_password_required`, `errc::expired_token`; for a refused
    /// refresh token `errc::login_required`.
    template <completion_token<void> Token = await_token>
    [[nodiscard]] auto login(credentials user, Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion), detail::operations::login,
                                std::move(user));
    }

    /// Fetches a new access token, also if the old one is still valid; the old one stays in use meanwhile.
    /// Errors: `errc::login_required`, `errc::one_time_password_required`.
    template <completion_token<void> Token = await_token>
    [[nodiscard]] auto refresh(Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion), detail::operations::refresh);
    }

    /// Forgets all tokens and passwords, at once and without a request: the region has no call for it.
    /// Operations that wait for a token end with `errc::login_required`; a request that was sent may still
    /// succeed. Nothing that is in flight is stored afterwards, and the login is removed from the store. If
    /// it throws `std::bad_alloc`, nothing has changed.
    void logout() const;

    /// Returns the user's name on the region, else the local part of the e-mail; empty before a login. Two
    /// users may have the same name. Safe from any thread.
    [[nodiscard]] std::string username() const;

    /// Returns the names of the cluster and of the region, each empty if it has none.
    template <completion_token<practicus::cluster_info> Token = await_token>
    [[nodiscard]] auto cluster_info(Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion), detail::operations::cluster);
    }

    /// Returns the groups of models. In all lists, an entry without its identity is left out and reported to
    /// the observer; see `client_options::strict_listings`. Members that only describe an entry may have any
    /// type. Errors of all lists: `errc::unexpected_json` for a response that is no list,
    /// `errc::body_too_large` beyond `limit_options::listing_body`.
    template <completion_token<std::vector<model_prefix>> Token = await_token>
    [[nodiscard]] auto model_prefixes(Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion), detail::operations::model_prefixes);
    }

    /// Returns all models that the user may see; filters are beside the type `model`. Texts are those of the
    /// region, and untrusted.
    template <completion_token<std::vector<model>> Token = await_token>
    [[nodiscard]] auto models(Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion), detail::operations::models);
    }

    /// Returns the deployments that models can run on.
    template <completion_token<std::vector<model_deployment>> Token = await_token>
    [[nodiscard]] auto model_deployments(Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion),
                                detail::operations::model_deployments);
    }

    /// Returns the groups of apps.
    template <completion_token<std::vector<app_prefix>> Token = await_token>
    [[nodiscard]] auto app_prefixes(Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion), detail::operations::app_prefixes);
    }

    /// Returns all apps that the user may see.
    template <completion_token<std::vector<app>> Token = await_token>
    [[nodiscard]] auto apps(Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion), detail::operations::apps);
    }

    /// Returns all add-ons that the user may see: services beside models and apps, such as Langflow.
    template <completion_token<std::vector<addon>> Token = await_token>
    [[nodiscard]] auto addons(Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion), detail::operations::addons);
    }

    /// Returns the region's service url. It lives as long as any copy of this client.
    [[nodiscard]] practicus::service_url const& service_url() const noexcept;

    /// Returns the url of a model, without a request. Prefix and name are as listed. The version is `3`,
    /// `v3`, `latest`, `prod`, `production` or `staging`; without one, the region chooses. Throws
    /// `errc::invalid_url`.
    [[nodiscard]] practicus::model_url model_url(std::string_view prefix, std::string_view name,
                                                 std::string_view version = {}) const;

    /// Returns the url of an app, in the same way. Throws `errc::invalid_url`.
    [[nodiscard]] practicus::app_url app_url(std::string_view prefix, std::string_view name,
                                             std::string_view version = {}) const;

    /// Returns the id behind a model's url. It is cached for a day, for all versions; `models()` fills the
    /// cache for all models. `call_options::ask_id` asks the model's service. Errors: `errc::no_model_id`,
    /// `errc::not_found`, `errc::untrusted_origin`.
    template <completion_token<std::int64_t> Token = await_token>
    [[nodiscard]] auto model_id(practicus::model_url url, Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion), detail::operations::model_id,
                                std::move(url));
    }

    /// Returns the metadata of a model, from its service. Errors: as `model_id`; `errc::not_json`,
    /// `errc::unexpected_json`.
    template <completion_token<practicus::model_metadata> Token = await_token>
    [[nodiscard]] auto model_metadata(practicus::model_url url, Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion), detail::operations::metadata,
                                std::move(url));
    }

    /// Returns a token for calling the model, with at least 30 s left (`call_options::min_validity`); the
    /// region issues it for about 4 hours. In the last hour of its life (at most a quarter of it), the cached
    /// token is returned and renewed in the background. Otherwise one fetch serves all callers, in the
    /// client's context and under its own limit; cancelling one caller does not affect the others. A token
    /// for one version serves all versions. Errors: as `model_id`; `errc::expired_token`. A permanent error
    /// is replayed for 1 to 5 s.
    template <completion_token<token> Token = await_token>
    [[nodiscard]] auto session_token(practicus::model_url const& url, Token&& completion = Token()) const
    {
        return session_token(url, token_purpose::predict, std::forward<Token>(completion));
    }

    /// The same, for another purpose.
    template <completion_token<token> Token = await_token>
    [[nodiscard]] auto session_token(practicus::model_url const& url, token_purpose purpose,
                                     Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion), detail::operations::model_token,
                                url, purpose);
    }

    /// Returns a token for calling the app, as `session_token` of a model does. A plain text always means a
    /// model. Errors: `errc::no_app_id`, `errc::not_found`, `errc::untrusted_origin`, `errc::expired_token`.
    template <std::same_as<practicus::app_url> Url, completion_token<token> Token = await_token>
    [[nodiscard]] auto session_token(Url const& url, Token&& completion = Token()) const
    {
        return session_token(url, token_purpose::predict, std::forward<Token>(completion));
    }

    /// The same, for another purpose.
    template <std::same_as<practicus::app_url> Url, completion_token<token> Token = await_token>
    [[nodiscard]] auto session_token(Url const& url, token_purpose purpose,
                                     Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion), detail::operations::app_token, url,
                                purpose);
    }

    /// Returns a token for calling an add-on, as `session_token` does. The add-on is named by its key, or by
    /// a url with a host that begins with the key (`https://langflow.company.com/...`). Errors:
    /// `errc::invalid_argument`, `errc::invalid_url`, `errc::not_found`, `errc::expired_token`.
    template <completion_token<token> Token = await_token>
    [[nodiscard]] auto addon_session_token(std::string_view addon, Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion), detail::operations::addon_token,
                                std::string(addon));
    }

    /// Returns the cached token that `session_token` would return at once, or an empty token; always empty
    /// after `close`. Needs no coroutine and no request. In the renewal window it starts the renewal. Safe
    /// from any thread.
    [[nodiscard]] token cached_session_token(practicus::model_url const& url,
                                             token_purpose purpose = token_purpose::predict) const;

    /// The same, for an app.
    template <std::same_as<practicus::app_url> Url>
    [[nodiscard]] token cached_session_token(Url const& url,
                                             token_purpose purpose = token_purpose::predict) const
    {
        return cached_app_token(url, purpose);
    }

    /// The same, for an add-on. Throws `errc::invalid_argument` and `errc::invalid_url`.
    [[nodiscard]] token cached_addon_session_token(std::string_view addon) const;

    /// Sends a request to a model, an app or a path of it, with its session token:
    /// `client.call(model.at("chat/completions"), request::json(body))`. A path of the service itself needs
    /// `credentials::session_token` or `request::session_token`, else the call ends with
    /// `errc::login_required`. Token, retries and time limits are those of `predict`. A status other than 2xx
    /// is an error. Errors: as `predict`, and `errc::untrusted_origin`; `errc::unexpected_response` only with
    /// `request::response_type`.
    template <completion_token<response> Token = await_token>
    [[nodiscard]] auto call(call_url url, request what, Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion), detail::operations::call,
                                std::move(url), std::move(what));
    }

    /// Calls the model with its session token; after a 401 once more, with a new token. Only the phases have
    /// time limits, unless `call_options::timeout` sets one. The request is sent again, after a pause, only
    /// if the model has not seen it or responded 408, 425 or 429; `predict_options::idempotent` allows more.
    /// Errors: as `session_token`; the errors of a status; `errc::body_too_large`; `errc::malformed_response`
    /// for an invalid encoding. Also `errc::unexpected_response` for a page in place of a prediction, or for
    /// another type than `predict_options::response_type`.
    template <completion_token<prediction> Token = await_token>
    [[nodiscard]] auto predict(practicus::model_url url, std::string body, Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion), detail::operations::predict,
                                std::move(url), std::move(body), predict_options());
    }

    /// The same, with options.
    template <completion_token<prediction> Token = await_token>
    [[nodiscard]] auto predict(practicus::model_url url, std::string body, predict_options options,
                               Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion), detail::operations::predict,
                                std::move(url), std::move(body), std::move(options));
    }

    /// The same, with a body that a source gives piece by piece (chunked). From the first piece on, the
    /// request is not sent again. An exception of the source ends the call. Errors: `errc::invalid_argument`
    /// for an empty source.
    template <completion_token<prediction> Token = await_token>
    [[nodiscard]] auto predict(practicus::model_url url, body_source body, Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion), detail::operations::predict_from,
                                std::move(url), std::move(body), predict_options());
    }

    /// The same, with options.
    template <completion_token<prediction> Token = await_token>
    [[nodiscard]] auto predict(practicus::model_url url, body_source body, predict_options options,
                               Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion), detail::operations::predict_from,
                                std::move(url), std::move(body), std::move(options));
    }

    /// Removes a token from the cache, because a service responded 401 to it in a request of another HTTP
    /// client. Returns false, without effect, if it is not the newest token: a late response removes no valid
    /// token. After 8 young tokens in a row that were refused without any successful call of this client,
    /// callers get `errc::unauthorized` for 1 to 5 s. Safe from any thread.
    bool invalidate_session_token(practicus::model_url const& url, token const& refused,
                                  token_purpose purpose = token_purpose::predict) const;

    /// The same, for an app.
    template <std::same_as<practicus::app_url> Url>
    bool invalidate_session_token(Url const& url, token const& refused,
                                  token_purpose purpose = token_purpose::predict) const
    {
        return invalidate_app_token(url, refused, purpose);
    }

    /// The same, for an add-on. Throws `errc::invalid_argument` and `errc::invalid_url`.
    bool invalidate_addon_session_token(std::string_view addon, token const& refused) const;

    /// Ends all operations of all copies, and all later ones, with `errc::client_closed`. Idempotent; safe
    /// from any thread.
    void close() const noexcept;

    /// Closes idle connections. The client stays usable. Safe from any thread.
    void close_idle() const noexcept;

    /// Returns counters of connections, requests and the token cache. Safe from any thread.
    [[nodiscard]] client_stats stats() const;

private:
    friend detail::handle const& detail::handle_of(client const&) noexcept;

    token cached_app_token(practicus::app_url const& url, token_purpose purpose) const;
    bool invalidate_app_token(practicus::app_url const& url, token const& refused,
                              token_purpose purpose) const;

    explicit client(detail::handle h) : handle_(std::move(h)) {}

    detail::handle handle_;
};

/// A result without a text form. A program writes the members that it needs, such as `prediction::body` or
/// `error::what()`.
template <class Result>
concept written_by_members =
    detail::is_one_of<Result, error, error_info, prediction, model_metadata, cluster_info, batch_progress,
                      batch_failure, client_stats, connection_stats, cache_stats, exchange_timings, client,
                      client_options, credentials>;

/// Deleted: `std::cout << prediction.body` writes a prediction.
template <class Char, class Traits, written_by_members use_its_members>
std::basic_ostream<Char, Traits>& operator<<(std::basic_ostream<Char, Traits>&,
                                             use_its_members const&) = delete;
/// Deleted, for a temporary stream.
template <class Char, class Traits, written_by_members use_its_members>
std::basic_ostream<Char, Traits>& operator<<(std::basic_ostream<Char, Traits>&&,
                                             use_its_members const&) = delete;

}} // namespace practicus::v1

#ifndef PRACTICUS_SEPARATE_COMPILATION
#include <practicus/impl/client.ipp>
#endif
