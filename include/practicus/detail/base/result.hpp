// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/fixed_error.hpp>
#include <practicus/error.hpp>

#include <boost/assert/source_location.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/result.hpp>
#include <boost/system/system_error.hpp>

#include <exception>
#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

namespace practicus { inline namespace v1 {

/// Used by `result::value`, which finds it by argument-dependent lookup of `error_info`. Exceptions of the
/// caller's callbacks are rethrown unchanged.
[[noreturn]] inline void throw_exception_from_error(std::shared_ptr<error_info const> const& why,
                                                    boost::source_location const&)
{
    if (why->exception) std::rethrow_exception(why->exception);
    throw error(why);
}

namespace detail {

/// The value type of operations without a value.
struct nothing
{};

template <class T>
using value_of = std::conditional_t<std::is_void_v<T>, nothing, T>;

/// An error on its way to the caller, shared by the waiters of a flight. As a return type without a value,
/// null means success.
using failure = std::shared_ptr<error_info const>;

/// The result of an internal coroutine. Errors stay values until they reach the caller.
template <class T>
using result = boost::system::result<T, failure>;

inline failure make_failure(error_info info)
{
    return std::make_shared<error_info const>(std::move(info));
}

inline failure make_failure(errc code, boost::system::error_code const& cause, std::string message = {})
{
    error_info info;
    info.code = code;
    info.cause = cause;
    info.message = std::move(message);
    return make_failure(std::move(info));
}

inline failure make_failure(errc code, std::string message = {})
{
    return make_failure(code, boost::system::error_code(), std::move(message));
}

/// Throws `why`, if not null, as an `error`, for internal code that catches it.
inline void throw_if(failure const& why)
{
    if (why) throw error(why);
}

/// Describes an exception in a form that several threads may throw. Returns `not_enough_memory` if the
/// description cannot be allocated.
inline failure as_failure(std::exception_ptr const& thrown) noexcept
try {
    error_info info;
    info.code = make_error_code(boost::system::errc::state_not_recoverable);
    try {
        std::rethrow_exception(thrown);
    } catch (error const& e) {
        return e.shared_info();
    } catch (boost::system::system_error const& e) {
        info.code = e.code();
    } catch (std::bad_alloc const&) {
        return fixed_error<boost::system::errc::not_enough_memory>();
    } catch (std::exception const& e) {
        info.message = e.what();
    } catch (...) {
        info.message = "an exception that is no std::exception";
    }
    return make_failure(std::move(info));
} catch (...) {
    return fixed_error<boost::system::errc::not_enough_memory>();
}

} // namespace detail
}} // namespace practicus::v1
