// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// The one file that compiles the client, for a program of many files: PRACTICUS_SEPARATE_COMPILATION is
// defined for all of them.

#include <practicus/src.hpp>
