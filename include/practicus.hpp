// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

// Everything public but the mock region, which is <practicus/mock/server.hpp>.

#include <practicus/batch.hpp>
#include <practicus/batch_mark.hpp>
#include <practicus/batch_output.hpp>
#include <practicus/call_options.hpp>
#include <practicus/catalog.hpp>
#include <practicus/client.hpp>
#include <practicus/completion_token.hpp>
#include <practicus/connection_options.hpp>
#include <practicus/core_conf.hpp>
#include <practicus/credentials.hpp>
#include <practicus/csv_file.hpp>
#include <practicus/encoding.hpp>
#include <practicus/error.hpp>
#include <practicus/file_token_store.hpp>
#include <practicus/jwt.hpp>
#include <practicus/observer.hpp>
#include <practicus/options.hpp>
#include <practicus/predict.hpp>
#include <practicus/proxy_options.hpp>
#include <practicus/secret.hpp>
#include <practicus/token.hpp>
#include <practicus/token_store.hpp>
#include <practicus/url.hpp>
