// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/call_options.hpp>
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

/// What is below a client, for operations that are no members.
handle const& handle_of(client const& of) noexcept;

} // namespace detail

/// A Practicus AI region's console and models.
///
/// A client is a cheap handle on shared state: copy it, and pass it by value.
///
/// **Operations.** Without a completion token, an operation returns a `client::awaitable`, which begins when
/// it is awaited. With any completion token as last argument, it is an Asio initiating function: its
/// handler's arguments are an `error_code` and the result. An operation owns copies of its arguments and a
/// handle of the client.
///
/// **Errors.** An awaitable throws `practicus::error`; a handler gets the same code. `practicus::errc` says
/// what each code asks of the caller, and `with_error_info` gives a handler the rest. Beside those that an
/// operation names, it can end with any error of the connection, of time, and of the answer's status or
/// content; with those of a login or a renewal that it waits for; with `errc::client_closed` after `close`;
/// and with `boost::asio::error::operation_aborted` when it is cancelled or the client's execution context is
/// gone. Invalid arguments end the operation in the same way; only a
/// url of an invalid text throws where it is made. What a source, a sink or a callback throws
/// leaves an awaitable unchanged; a handler gets `errc::callback_failed`.
/// Memory that is refused ends an operation with `boost::system::errc::not_enough_memory`. As with Asio's own
/// operations, an initiating function that gets none for its handler throws `std::bad_alloc`, and drops the
/// handler without calling it; the client stays usable.
///
/// **Access tokens.** An operation that needs one renews it when it is about to expire, and once when the
/// region refuses it (401). All callers share one renewal. When nothing is left that the region accepts,
/// operations end with `errc::login_required`; those that wait for a login by
/// `client_options::credentials` end with what that one ends with, `errc::login_refused`, say.
///
/// **Time.** An operation has 30 s over all, token fetches and retries included, unless
/// `timeout_options::operation` or `call_options::timeout` say otherwise, and ends with
/// `errc::deadline_exceeded`. Only predictions have no limit of their own but those of each phase.
///
/// **Cancellation.** Every type of cancellation that reaches an operation ends it at once (`co_spawn` lets
/// only `terminal` through, unless the coroutine says otherwise); the client stays usable. A renewal that
/// others may wait for goes on. As everywhere in Asio, a signal is emitted on the operation's executor, which
/// then is a strand or has one thread. So that none is lost, awaiting throws in the course of an operation,
/// its callbacks included, even after `this_coro::throw_if_cancelled(false)`. A coroutine that has called
/// that may begin an operation after a cancellation, which then does not end it. An operation with a source,
/// a sink or a batch job ends after these, which are cancelled too: they may refer to the caller's objects.
///
/// **Executors.** An awaitable runs on its coroutine's executor, another operation on its handler's, by
/// default the client's; the handler is never called inside the initiating function. On an executor of the
/// client's own context, an operation does its I/O right there. On another's, it runs on the client's
/// executor and its caller waits: then the client's context must be run as well. Work that callers share
/// always runs on the client's executor. A context that is destroyed destroys the handlers of its executors
/// without calling them; of an `any_completion_handler`, the executor's context must outlive the operation.
///
/// **Thread safety.** Distinct handles, and operations of one handle, may be used from any threads at once.
/// One handle must not be assigned to, moved from or destroyed while another thread uses it, as a
/// `std::shared_ptr`.
///
/// **Lifetime.** Either may be destroyed first, the client or its context. When the last handle is gone and
/// no operation is left, connections are closed. With no operation in flight, the client holds no outstanding
/// work: `io_context::run` returns.
class client
{
public:
    /// What an operation returns: nothing runs before it is awaited, and it is awaited once.
    template <class T>
    using awaitable = boost::asio::awaitable<T>;

    /// The type of `get_executor`.
    using executor_type = boost::asio::any_io_executor;

    /// Makes a client of one region. Sends nothing. Throws `errc::invalid_url`, `errc::invalid_argument` for
    /// an invalid option (the message names the field), and `errc::file_error` for a certificate file.
    client(boost::asio::any_io_executor executor, practicus::service_url service,
           client_options options = client_options());

    /// The same on the executor of an execution context.
    template <class ExecutionContext>
    requires std::convertible_to<ExecutionContext&, boost::asio::execution_context&>
    client(ExecutionContext& context, practicus::service_url service,
           client_options options = client_options())
        : client(executor_type(context.get_executor()), std::move(service), std::move(options))
    {}

    /// Returns the executor of handlers that have none. An empty one when its context is gone.
    [[nodiscard]] executor_type get_executor() const;

    /// A handle on the same client whose calls differ in these: `client.with(call_options().timeout(2s))`.
    /// Replaces what an earlier `with` said.
    [[nodiscard]] client with(call_options options) const;

    /// Logs in with e-mail and password; the password is not kept. Errors: `errc::login_refused`,
    /// `errc::one_time_password_required`, `errc::expired_token`, `errc::invalid_credentials`.
    template <completion_token<void> Token = await_token>
    [[nodiscard]] auto login(std::string email, std::string password, Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion),
                                detail::operations::login_by_password, std::move(email),
                                secret::take(std::move(password)));
    }

    /// Logs in with any credentials. A refresh token is proved by a first refresh; an access token is taken
    /// as it is, without a request. Replaces whoever was logged in; a password that is refused changes
    /// nothing. Errors: `errc::login_refused`, `errc::one_time_password_required`, `errc::expired_token`; for
    /// a refused refresh token `errc::login_required`.
    template <completion_token<void> Token = await_token>
    [[nodiscard]] auto login(credentials who, Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion), detail::operations::login,
                                std::move(who));
    }

    /// Gets a new access token, also if the old one is still good; until it is there, that one stays in use.
    /// Errors: `errc::login_required`, `errc::one_time_password_required`.
    template <completion_token<void> Token = await_token>
    [[nodiscard]] auto refresh(Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion), detail::operations::refresh);
    }

    /// Forgets every token and password, at once and without a request: the region has no call for it. What
    /// waits for a token ends with `errc::login_required`; what was sent already may still succeed. Nothing
    /// that was on its way then is stored, and the login leaves the store.
    void logout() const;

    /// The user's name as the region knows it, else the local part of the e-mail; empty before a login. It
    /// does not tell users apart. Any thread.
    [[nodiscard]] std::string username() const;

    /// The names of the cluster and of the region, each empty if it has none.
    template <completion_token<practicus::cluster_info> Token = await_token>
    [[nodiscard]] auto cluster_info(Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion), detail::operations::cluster);
    }

    /// The groups of models. As in all lists, an entry without what names it is left out and told to the
    /// observer (`client_options::strict_listings`), and what only describes an entry may be of any type. All
    /// end with `errc::unexpected_json` for an answer that is no list, and with `errc::body_too_large` beyond
    /// `limit_options::listing_body`.
    template <completion_token<std::vector<model_prefix>> Token = await_token>
    [[nodiscard]] auto model_prefixes(Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion), detail::operations::model_prefixes);
    }

    /// All models that the user may see; filters are beside the type `model`. What the region lists is plain
    /// data as it wrote it: texts are untrusted.
    template <completion_token<std::vector<model>> Token = await_token>
    [[nodiscard]] auto models(Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion), detail::operations::models);
    }

    /// What models can be deployed on.
    template <completion_token<std::vector<model_deployment>> Token = await_token>
    [[nodiscard]] auto model_deployments(Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion),
                                detail::operations::model_deployments);
    }

    /// The groups of apps.
    template <completion_token<std::vector<app_prefix>> Token = await_token>
    [[nodiscard]] auto app_prefixes(Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion), detail::operations::app_prefixes);
    }

    /// All apps that the user may see.
    template <completion_token<std::vector<app>> Token = await_token>
    [[nodiscard]] auto apps(Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion), detail::operations::apps);
    }

    /// All add-ons that the user may see: services beside models and apps, such as Langflow.
    template <completion_token<std::vector<addon>> Token = await_token>
    [[nodiscard]] auto addons(Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion), detail::operations::addons);
    }

    /// The region's service url. Lives as long as any copy of this client.
    [[nodiscard]] practicus::service_url const& service_url() const noexcept;

    /// The url of a model: prefix and name as listed, and a version (`3`, `v3`, `latest`, `prod`,
    /// `production`, `staging`) or none, for the region to choose. Sends nothing. Throws `errc::invalid_url`.
    [[nodiscard]] practicus::model_url model_url(std::string_view prefix, std::string_view name,
                                                 std::string_view version = {}) const;

    /// The url of an app, written likewise. Throws `errc::invalid_url`.
    [[nodiscard]] practicus::app_url app_url(std::string_view prefix, std::string_view name,
                                             std::string_view version = {}) const;

    /// The id behind a model's url: remembered for a day, for all its versions; `models()` tells those of all
    /// models at once. `call_options::ask_id` asks the model's service. Errors: `errc::no_model_id`,
    /// `errc::not_found`, `errc::untrusted_origin`.
    template <completion_token<std::int64_t> Token = await_token>
    [[nodiscard]] auto model_id(practicus::model_url url, Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion), detail::operations::model_id,
                                std::move(url));
    }

    /// What the model's service says of it. Errors: as `model_id`; `errc::not_json`, `errc::unexpected_json`.
    template <completion_token<practicus::model_metadata> Token = await_token>
    [[nodiscard]] auto model_metadata(practicus::model_url url, Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion), detail::operations::metadata,
                                std::move(url));
    }

    /// A token for calling the model, which lives about 4 hours: from the cache, if it still lives for 30 s
    /// (`call_options::min_validity`). Nobody waits for a renewal: that is done behind a token of the last
    /// hour, a quarter of its life at most. Else it is fetched, once for all who wait, in the client's
    /// context and under its own limit: a caller who leaves takes nothing from the others. A token for one
    /// version serves them all. Errors: as `model_id`; `errc::expired_token`. An error that would come again
    /// is replayed for 1 to 5 s.
    template <completion_token<token> Token = await_token>
    [[nodiscard]] auto session_token(practicus::model_url const& url, Token&& completion = Token()) const
    {
        return session_token(url, token_purpose::predict, std::forward<Token>(completion));
    }

    /// The same for another purpose.
    template <completion_token<token> Token = await_token>
    [[nodiscard]] auto session_token(practicus::model_url const& url, token_purpose purpose,
                                     Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion), detail::operations::model_token,
                                url, purpose);
    }

    /// A token for calling the app; as `session_token` of a model, which a text always means. Errors:
    /// `errc::no_app_id`, `errc::not_found`, `errc::untrusted_origin`, `errc::expired_token`.
    template <std::same_as<practicus::app_url> Url, completion_token<token> Token = await_token>
    [[nodiscard]] auto session_token(Url const& url, Token&& completion = Token()) const
    {
        return session_token(url, token_purpose::predict, std::forward<Token>(completion));
    }

    /// The same for another purpose.
    template <std::same_as<practicus::app_url> Url, completion_token<token> Token = await_token>
    [[nodiscard]] auto session_token(Url const& url, token_purpose purpose,
                                     Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion), detail::operations::app_token, url,
                                purpose);
    }

    /// A token for calling an add-on, named by its key or by a url of it, whose host begins with the key
    /// (`https://langflow.company.com/...`); as `session_token`. Errors: `errc::invalid_argument`,
    /// `errc::invalid_url`, `errc::not_found`, `errc::expired_token`.
    template <completion_token<token> Token = await_token>
    [[nodiscard]] auto addon_session_token(std::string_view addon, Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion), detail::operations::addon_token,
                                std::string(addon));
    }

    /// What `session_token` would answer at once, or an empty token, as always after `close`; costs no
    /// coroutine and no request. In the renewal window it starts the renewal. Any thread.
    [[nodiscard]] token cached_session_token(practicus::model_url const& url,
                                             token_purpose purpose = token_purpose::predict) const;

    /// The same for an app.
    template <std::same_as<practicus::app_url> Url>
    [[nodiscard]] token cached_session_token(Url const& url,
                                             token_purpose purpose = token_purpose::predict) const
    {
        return cached_app_token(url, purpose);
    }

    /// The same for an add-on. Throws `errc::invalid_argument` and `errc::invalid_url`.
    [[nodiscard]] token cached_addon_session_token(std::string_view addon) const;

    /// Calls the model with its session token; a 401 is answered with a new token, once. No time limit unless
    /// `call_options::timeout` has one, but those of each phase. Sent again, after a wait, only if the model
    /// has surely not seen it or answered 408, 425 or 429; `predict_options::idempotent` allows more.
    /// Errors: as `session_token`; for the answer's status as everywhere; `errc::malformed_response` for an
    /// encoding that cannot be read, `errc::body_too_large`; `errc::unexpected_answer` for a page in place
    /// of an answer, or another type than `predict_options::answer_type`.
    template <completion_token<prediction> Token = await_token>
    [[nodiscard]] auto predict(practicus::model_url url, std::string body, Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion), detail::operations::predict,
                                std::move(url), std::move(body), predict_options());
    }

    /// The same with options.
    template <completion_token<prediction> Token = await_token>
    [[nodiscard]] auto predict(practicus::model_url url, std::string body, predict_options options,
                               Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion), detail::operations::predict,
                                std::move(url), std::move(body), std::move(options));
    }

    /// The same with a body that comes piece by piece (chunked): from the first piece on, it is not sent
    /// again. What the source throws ends the call. Errors: `errc::invalid_argument` for an empty
    /// source.
    template <completion_token<prediction> Token = await_token>
    [[nodiscard]] auto predict(practicus::model_url url, body_source body, Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion), detail::operations::predict_from,
                                std::move(url), std::move(body), predict_options());
    }

    /// The same with options.
    template <completion_token<prediction> Token = await_token>
    [[nodiscard]] auto predict(practicus::model_url url, body_source body, predict_options options,
                               Token&& completion = Token()) const
    {
        return detail::initiate(handle_, std::forward<Token>(completion), detail::operations::predict_from,
                                std::move(url), std::move(body), std::move(options));
    }

    /// A service answered 401 to this token, in a request that was not made by this client: from now on it is
    /// not handed out any more. Nothing happens if it is not the newest one, so that a late answer throws no
    /// good token away. True if it was. After 8 young tokens that were refused one after the other, and with
    /// which no call of this client had succeeded, the next callers are told so for 1 to 5 s. Any thread.
    bool invalidate_session_token(practicus::model_url const& url, token const& refused,
                                  token_purpose purpose = token_purpose::predict) const;

    /// The same for an app.
    template <std::same_as<practicus::app_url> Url>
    bool invalidate_session_token(Url const& url, token const& refused,
                                  token_purpose purpose = token_purpose::predict) const
    {
        return invalidate_app_token(url, refused, purpose);
    }

    /// The same for an add-on. Throws `errc::invalid_argument` and `errc::invalid_url`.
    bool invalidate_addon_session_token(std::string_view addon, token const& refused) const;

    /// Ends all operations of all copies with `errc::client_closed`, and all that are begun later.
    /// Idempotent; safe from any thread.
    void close() const noexcept;

    /// Closes the connections that nobody uses. The client stays usable. Safe from any thread.
    void close_idle() const noexcept;

    /// What connections and requests have come to. Safe from any thread.
    [[nodiscard]] client_stats stats() const;

private:
    friend detail::handle const& detail::handle_of(client const&) noexcept;

    token cached_app_token(practicus::app_url const& url, token_purpose purpose) const;
    bool invalidate_app_token(practicus::app_url const& url, token const& refused,
                              token_purpose purpose) const;

    explicit client(detail::handle h) : handle_(std::move(h)) {}

    detail::handle handle_;
};

/// A result without a text of its own: a program writes the members that it needs, such as
/// `prediction::body` or `error::what()`.
template <class Result>
concept written_by_members =
    detail::is_one_of<Result, error, error_info, prediction, model_metadata, cluster_info, batch_progress,
                      batch_failure, client_stats, cache_stats, exchange_timings, client, client_options,
                      credentials>;

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
