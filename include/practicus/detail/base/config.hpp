// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

// With PRACTICUS_SEPARATE_COMPILATION, the headers only declare. One source file of the program includes
// <practicus/src.hpp> and compiles the definitions; for the mock region <practicus/mock/src.hpp>.
#ifdef PRACTICUS_SEPARATE_COMPILATION
#define PRACTICUS_DECL
#else
#define PRACTICUS_DECL inline
#endif

// Before 17, clang caches the addresses of thread-local variables across suspensions of a coroutine (LLVM
// issues 47179 and 63022). Two threads would then share Asio's per-thread data.
#if defined(__clang__) && !defined(__apple_build_version__)
#if __clang_major__ < 17 && !defined(BOOST_ASIO_DISABLE_THREAD_KEYWORD_EXTENSION)
#error "With clang before 17, define BOOST_ASIO_DISABLE_THREAD_KEYWORD_EXTENSION for the whole program"
#endif
#endif
