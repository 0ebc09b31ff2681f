// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

// The client and what it needs. Includes no POSIX header, unless functions are compiled in each file (see
// practicus/src.hpp). Beside it stand:
//
// - <practicus/format.hpp>: lists as tables, CSV and JSON;
// - <practicus/batch.hpp>: a CSV text of any length through a model; <practicus/csv_file.hpp> and
//   <practicus/batch_output.hpp>: its files;
// - <practicus/core_conf.hpp>: the regions that the user has logged in to;
// - <practicus/file_token_store.hpp>: tokens that processes share;
// - <practicus/session_token_file.hpp>: a session token in a file that is replaced;
// - <practicus/lz4.hpp>: LZ4, which needs liblz4;
// - <practicus/mock/server.hpp>: a region for tests.

#include <practicus/call.hpp>
#include <practicus/call_options.hpp>
#include <practicus/call_url.hpp>
#include <practicus/catalog.hpp>
#include <practicus/client.hpp>
#include <practicus/completion_token.hpp>
#include <practicus/connection_options.hpp>
#include <practicus/content_coder.hpp>
#include <practicus/credentials.hpp>
#include <practicus/encoding.hpp>
#include <practicus/error.hpp>
#include <practicus/event_parser.hpp>
#include <practicus/event_stream.hpp>
#include <practicus/field_list.hpp>
#include <practicus/form_data.hpp>
#include <practicus/jwt.hpp>
#include <practicus/observer.hpp>
#include <practicus/options.hpp>
#include <practicus/predict.hpp>
#include <practicus/proxy_options.hpp>
#include <practicus/secret.hpp>
#include <practicus/token.hpp>
#include <practicus/token_store.hpp>
#include <practicus/url.hpp>
