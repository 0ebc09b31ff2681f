// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// A program with separate compilation: what it calls is declared here, and defined in the library
// practicus::compiled.

#ifndef PRACTICUS_SEPARATE_COMPILATION
#error "practicus::compiled does not say that it is linked"
#endif

#include <practicus.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <iostream>

int main()
{
    boost::asio::io_context io;
    practicus::client client(io.get_executor(), "https://127.0.0.1");
    bool refused = false;
    // Without a login, nothing is sent.
    boost::asio::co_spawn(io, client.cluster_info(),
                          [&](std::exception_ptr failed, practicus::cluster_info const&) {
                              try {
                                  if (failed) std::rethrow_exception(failed);
                              } catch (practicus::error const& e) {
                                  std::cout << e.what() << '\n';
                                  refused = e.code() == practicus::errc::login_required;
                              }
                          });
    io.run();
    return refused ? 0 : 1;
}
