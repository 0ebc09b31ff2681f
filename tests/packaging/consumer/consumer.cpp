// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// The encoders need liblz4 as soon as they are named: this links only if the package brings it.

#include <practicus/lz4.hpp>
#include <practicus/mock/options.hpp>

int main()
{
    return practicus::lz4_encoding().name() == "lz4" ? 0 : 1;
}
