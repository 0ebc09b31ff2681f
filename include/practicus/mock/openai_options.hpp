// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/mock/gate.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace practicus { inline namespace v1 { namespace mock {

/// The behaviour of endpoints that speak OpenAI's API; see `openai_endpoints`.
struct openai_options
{
    // Without it, g++ 12 destroys a temporary in a co_await expression twice.
    openai_options() {}

    /// The model names that requests may give; any other gets a 404. Empty: every name.
    std::vector<std::string> models;
    /// A function from the user's last message to the reply. Empty: the message itself.
    std::function<std::string(std::string_view)> reply;
    /// The time before the first token. A chat that is not streamed waits for the times of all its tokens.
    std::chrono::milliseconds first_token_delay{0};
    /// The time between two tokens.
    std::chrono::milliseconds token_delay{0};
    /// The first event of a stream waits for the first gate, and so on.
    std::vector<gate> gates;
    /// If set, a stream ends with an error after this number of tokens.
    std::optional<std::size_t> fail_after;
    /// The length of embeddings, if a request names none.
    std::size_t dimensions = 8;
    /// The largest number of inputs of one request for embeddings. Default: 2048.
    std::size_t max_inputs = 2048;
};

}}} // namespace practicus::v1::mock
