// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include "peer.hpp"

#include <boost/json/object.hpp>

namespace bench {

// Work that only a client of a region does: against the mock region, except for `waiters` and `events`.

/// From nothing to a first token: a new client, its login, the model's id, the token.
boost::json::object flow_cold(command const& c);

/// A token of a model that was not asked for before, from a client that is logged in.
boost::json::object flow_warm(command const& c);

/// A token for each model, `exchanges` of them, all asked for at once.
boost::json::object tokens_of_all(command const& c);

/// The memory of a waiting caller: for a connection, and for a token that is being fetched. Against the lean
/// server.
boost::json::object waiters(command const& c);

/// The events of as many streams at once as there are connections, `exchanges` in all, `rate` a second of
/// each stream. Against the event server.
boost::json::object events(command const& c);

} // namespace bench
