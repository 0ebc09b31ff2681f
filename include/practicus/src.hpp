// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

// Faster compilation: define PRACTICUS_SEPARATE_COMPILATION for all files of a program, and include this
// header in exactly one of them. That file compiles the client; the others only declare it. The CMake target
// practicus::compiled does both.
//
// A program that starts a mock region includes <practicus/mock/src.hpp> likewise.
//
// Of several libraries in one program, only one contains it, or each hides its symbols.

#ifndef PRACTICUS_SEPARATE_COMPILATION
#error "<practicus/src.hpp> is for programs that define PRACTICUS_SEPARATE_COMPILATION, in all their files"
#endif

#include <practicus/impl/batch.ipp>
#include <practicus/impl/client.ipp>
#include <practicus/impl/core_conf.ipp>
#include <practicus/impl/core_conf/environment.ipp>
#include <practicus/impl/core_conf/region.ipp>
#include <practicus/impl/event_stream.ipp>
