// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// The one file of a program that has the definitions, where the others only declare.

#include <practicus/src.hpp>
