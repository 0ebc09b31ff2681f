// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// As separate.cpp, for the mock region, which tests link and no program that is shipped does.

#include <practicus/mock/src.hpp>
