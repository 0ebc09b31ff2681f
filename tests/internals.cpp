// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "internals.hpp"

#include <practicus/detail/client/handle.hpp>
#include <practicus/detail/tokens/session.hpp>

practicus::detail::client_runtime& runtime_of(practicus::client const& of)
{
    return *practicus::detail::handle_of(of).state().transport().runtime();
}

practicus::detail::clock& clock_of(practicus::client const& of)
{
    return runtime_of(of).time();
}

practicus::detail::clock& stopped_clock_of(practicus::client const& of)
{
    auto& clock = clock_of(of);
    clock.simulate(clock.now(), clock.system_now());
    return clock;
}

practicus::detail::dns_cache& names_of(practicus::client const& of)
{
    return practicus::detail::handle_of(of).state().transport().dns();
}
