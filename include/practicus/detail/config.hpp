// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

// With PRACTICUS_SEPARATE_COMPILATION, the headers declare what one source file of the program compiles, by
// including <practicus/src.hpp>, or <practicus/mock/src.hpp> for the mock region; see there.
#ifdef PRACTICUS_SEPARATE_COMPILATION
#define PRACTICUS_DECL
#else
#define PRACTICUS_DECL inline
#endif
