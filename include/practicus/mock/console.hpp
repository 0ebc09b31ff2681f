// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

/// A Practicus AI region without a network: `practicus::mock::region` answers requests, and needs no Asio.

#include <practicus/mock/catalog.hpp>
#include <practicus/mock/codec.hpp>
#include <practicus/mock/endpoints.hpp>
#include <practicus/mock/impl/region_console.hpp>
#include <practicus/mock/impl/region_requests.hpp>
#include <practicus/mock/impl/region_service.hpp>
#include <practicus/mock/impl/region_settings.hpp>
#include <practicus/mock/message.hpp>
#include <practicus/mock/multipart.hpp>
#include <practicus/mock/openai.hpp>
#include <practicus/mock/prediction.hpp>
#include <practicus/mock/region.hpp>
#include <practicus/mock/token.hpp>
