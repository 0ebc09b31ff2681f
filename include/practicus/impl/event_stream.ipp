// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/client/event_channel.hpp>
#include <practicus/event_stream.hpp>
#include <practicus/impl/client.ipp>

#include <memory>
#include <optional>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

PRACTICUS_DECL std::shared_ptr<event_source> start_events(client const& with, streamed_operation start,
                                                          event_limits limits)
{
    auto const& runtime = handle_of(with).state().transport().runtime();
    return std::make_shared<event_source>(runtime, std::move(start), limits);
}

PRACTICUS_DECL std::shared_ptr<event_channel> const& channel_of(event_source const& source) noexcept
{
    return source.channel();
}

// The client's handle is not needed: an event is taken in the reader's context.
PRACTICUS_DECL pending<std::optional<stream_event>>
operations::next_event(handle const&, std::shared_ptr<event_channel> const& from)
{
    return pending<std::optional<stream_event>>(
        handle(nullptr), [from](handle const&) { return event_channel::next(from); }, parting::at_once);
}

#ifdef PRACTICUS_SEPARATE_COMPILATION
template struct delivery<std::optional<stream_event>>;
#endif

}}} // namespace practicus::v1::detail
