// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include "command_line.hpp"

#include <practicus/connection_options.hpp>
#include <practicus/token_store.hpp>

#include <memory>

namespace cli {

/// Returns the store of `--token-store`, for its `rediss://` with the certificate authorities of `tls`.
/// Throws `usage_error`.
std::shared_ptr<practicus::token_store> shared_tokens(settings const& with,
                                                      practicus::tls_options const& tls);

} // namespace cli
