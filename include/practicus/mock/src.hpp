// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

// As <practicus/src.hpp>, for the mock region: what programs include in one file that define
// PRACTICUS_SEPARATE_COMPILATION and start a `practicus::mock::server`.

#ifndef PRACTICUS_SEPARATE_COMPILATION
#error "<practicus/mock/src.hpp> is for programs that define PRACTICUS_SEPARATE_COMPILATION everywhere"
#endif

#include <practicus/mock/impl/server.ipp>
