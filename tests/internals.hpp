// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/client.hpp>
#include <practicus/detail/async/client_runtime.hpp>
#include <practicus/detail/base/clock.hpp>
#include <practicus/detail/net/dns_cache.hpp>

// The internals of a client. They live as long as the client.

/// Returns the clock of a client in simulated time.
practicus::detail::clock& clock_of(practicus::client const& of);
/// Stops the time of a client and returns its clock.
practicus::detail::clock& stopped_clock_of(practicus::client const& of);
practicus::detail::client_runtime& runtime_of(practicus::client const& of);
practicus::detail::dns_cache& names_of(practicus::client const& of);
