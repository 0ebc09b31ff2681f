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

// Before 17, clang remembers over a coroutine's suspension where its thread's variables are (LLVM issues
// 47179 and 63022): what Asio keeps there for a thread is then used by two.
#if defined(__clang__) && !defined(__apple_build_version__)
#if __clang_major__ < 17 && !defined(BOOST_ASIO_DISABLE_THREAD_KEYWORD_EXTENSION)
#error "With clang before 17, define BOOST_ASIO_DISABLE_THREAD_KEYWORD_EXTENSION for the whole program"
#endif
#endif
