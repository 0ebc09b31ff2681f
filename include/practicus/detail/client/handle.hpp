// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/call_options.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

class session;
struct operation;

/// The state shared by the copies of a client and their operations. When the last one is gone, no caller is
/// left.
class client_handle
{
public:
    explicit client_handle(std::shared_ptr<session> state) : state_(std::move(state)) {}
    client_handle(client_handle const&) = delete;
    client_handle& operator=(client_handle const&) = delete;
    ~client_handle();

    session& state() const noexcept { return *state_; }

private:
    std::shared_ptr<session> state_;
};

/// A handle with the options of the calls made through it.
class handle
{
public:
    explicit handle(std::shared_ptr<client_handle> held) : held_(std::move(held)) {}
    handle(handle const& other, call_options with)
        : held_(other.held_), with_(std::make_shared<call_options const>(std::move(with)))
    {}

    explicit operator bool() const noexcept { return held_ != nullptr; }

    session& state() const noexcept { return held_->state(); }
    operation begin() const;
    operation begin_unlimited() const;

    /// May be null.
    std::shared_ptr<call_options const> const& with() const noexcept { return with_; }

    /// Returns the required remaining lifetime of a token, if set.
    std::optional<std::chrono::nanoseconds> validity() const noexcept
    {
        if (!with_ || !settings(*with_).min_validity) return std::nullopt;
        return *settings(*with_).min_validity;
    }

private:
    std::shared_ptr<client_handle> held_;
    std::shared_ptr<call_options const> with_;
};

}}} // namespace practicus::v1::detail
