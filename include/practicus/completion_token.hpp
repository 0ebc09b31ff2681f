// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/error.hpp>

#include <boost/asio/associator.hpp>
#include <boost/asio/async_result.hpp>

#include <concepts>
#include <type_traits>
#include <utility>

namespace practicus { inline namespace v1 {

namespace detail {

/// The associator of the `error_info` that receives a failure, as `asio::associated_allocator` is one of
/// allocators. It is found below adapters such as `as_tuple`, `redirect_error` and `bind_executor`.
template <class Handler, class Candidate>
struct associated_error_info
{
    using type = error_info*;

    static type get(Handler const& handler, Candidate const& otherwise = Candidate()) noexcept
    {
        using inner = boost::asio::associator<practicus::detail::associated_error_info, Handler, Candidate>;
        if constexpr (requires { handler.error_info_target(); })
            return handler.error_info_target();
        else if constexpr (requires { typename inner::type; })
            return inner::get(handler, otherwise);
        else
            return otherwise;
    }
};

template <class T>
struct completion_signature
{
    using type = void(error_code, T);
};

template <>
struct completion_signature<void>
{
    using type = void(error_code);
};

/// The return type of the inner token's operation, for adapters of older Asio that ask for it.
template <class Result>
struct inner_return
{};

template <class Result>
requires requires
{
    typename Result::return_type;
}
struct inner_return<Result>
{
    using return_type = typename Result::return_type;
};

template <class Handler>
class error_info_handler
{
public:
    error_info_handler(Handler&& handler, error_info& info) : inner(std::move(handler)), info_(&info) {}

    template <class... Args>
    void operator()(Args&&... args)
    {
        std::move(inner)(std::forward<Args>(args)...);
    }

    error_info* error_info_target() const noexcept { return info_; }

    Handler inner;

private:
    error_info* info_;
};

template <class Initiation>
class error_info_initiation
{
public:
    error_info_initiation(Initiation initiation, error_info& info)
        : initiation_(std::move(initiation)), info_(&info)
    {}

    template <class Handler, class... Args>
    void operator()(Handler&& handler, Args&&... args)
    {
        std::move(initiation_)(
            error_info_handler<std::decay_t<Handler>>(std::forward<Handler>(handler), *info_),
            std::forward<Args>(args)...);
    }

private:
    Initiation initiation_;
    error_info* info_;
};

} // namespace detail

/// The default completion token: the operation returns a `client::awaitable`.
struct await_token
{};

/// A completion token of operations with this result. Its handler takes an `error_code` and a `T`; for
/// `void`, only the code.
template <class Token, class T>
concept completion_token = std::same_as<std::remove_cvref_t<Token>, await_token> ||
    boost::asio::completion_token_for<Token, typename detail::completion_signature<T>::type>;

/// A completion token that stores the information on a failure; made by `with_error_info`.
template <class Token>
class with_error_info_t
{
public:
    /// See `with_error_info`.
    with_error_info_t(Token token, error_info& target) : inner(std::move(token)), info(target) {}

    /// The token that is completed.
    Token inner;
    /// The destination of the information.
    error_info& info;
};

/// Returns a completion token for a client's operations that completes `token` with the same arguments.
/// Before that, it stores all information on a failure in `info`, or clears `info` after a success. `info`
/// must live until the completion. The token combines with Asio's adapters, inside or outside of them:
/// `with_error_info(asio::as_tuple(asio::deferred), info)`.
template <class Token>
[[nodiscard]] with_error_info_t<std::decay_t<Token>> with_error_info(Token&& token, error_info& info)
{
    return {std::forward<Token>(token), info};
}

}} // namespace practicus::v1

namespace boost::asio {

/// Asio's customization point: starts operations with the token.
template <class Token, completion_signature... Signatures>
class async_result<practicus::with_error_info_t<Token>, Signatures...>
    : public practicus::detail::inner_return<async_result<Token, Signatures...>>
{
public:
    /// Starts the operation with the inner token.
    template <class Initiation, class RawToken, class... Args>
    static auto initiate(Initiation&& initiation, RawToken&& token, Args&&... args)
    {
        Token inner(std::forward<RawToken>(token).inner);
        return async_initiate<Token, Signatures...>(
            practicus::detail::error_info_initiation<std::decay_t<Initiation>>(
                std::forward<Initiation>(initiation), token.info),
            inner, std::forward<Args>(args)...);
    }
};

template <template <class, class> class Associator, class Handler, class Candidate>
struct associator<Associator, practicus::detail::error_info_handler<Handler>, Candidate>
    : Associator<Handler, Candidate>
{
    static decltype(auto) get(practicus::detail::error_info_handler<Handler> const& h) noexcept
    {
        return Associator<Handler, Candidate>::get(h.inner);
    }

    static decltype(auto) get(practicus::detail::error_info_handler<Handler> const& h,
                              Candidate const& otherwise) noexcept
    {
        return Associator<Handler, Candidate>::get(h.inner, otherwise);
    }
};

} // namespace boost::asio
