// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// A program that uses practicus, and loads a shared library that does, too. Error codes are equal on both
// sides, and an exception thrown on one is caught on the other.

#include <practicus/error.hpp>

#include <dlfcn.h>

#include <cstdlib>
#include <iostream>

namespace {

void require(bool holds, char const* what)
{
    if (holds) return;
    std::cerr << "failed: " << what << '\n';
    std::exit(1);
}

template <class Function>
Function* find(void* library, char const* name)
{
    auto* function = reinterpret_cast<Function*>(::dlsym(library, name));
    require(function != nullptr, name);
    return function;
}

bool throws_practicus_error(void (*function)())
{
    try {
        function();
    } catch (practicus::error const& e) {
        return e.code() == practicus::errc::not_found && e.info().message == "from the plugin";
    }
    return false;
}

} // namespace

int main(int, char* argv[])
{
    void* const library = ::dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    require(library != nullptr, "the plugin is loaded");

    boost::system::error_code theirs;
    find<void(boost::system::error_code&)>(library, "plugin_error_code")(theirs);
    boost::system::error_code const ours = practicus::errc::unavailable;

    require(theirs == ours, "the codes are equal");
    require(theirs == practicus::errc::unavailable, "their code is our errc");
    require(practicus::is_retryable(theirs), "their code is understood here");
    require(find<bool(boost::system::error_code const&)>(library, "plugin_knows")(ours), "ours is there");
    require(throws_practicus_error(find<void()>(library, "plugin_throw")), "their exception is caught here");
    std::cout << "equal on both sides\n";
}
