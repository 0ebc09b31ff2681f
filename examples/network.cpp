// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// network: a region with a certificate authority of its own that asks for a client's certificate, behind a
// proxy. The region is a mock, so its certificates are made here; the proxy is only written down.

#include <practicus.hpp>
#include <practicus/mock/server.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cerrno>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <system_error>

#include <stdlib.h>

namespace asio = boost::asio;
namespace mock = practicus::mock;

// A folder for a key: only this user may read it, and it is removed at the end.
class private_folder
{
public:
    private_folder() : path_((std::filesystem::temp_directory_path() / "practicus-XXXXXX").string())
    {
        if (mkdtemp(path_.data()) == nullptr) throw std::system_error(errno, std::generic_category(), path_);
    }
    private_folder(private_folder const&) = delete;
    ~private_folder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    std::filesystem::path path() const { return path_; }

private:
    std::string path_;
};

struct files
{
    std::string ca, certificate, key;
};

files write(mock::certificate_authority const& ca, std::filesystem::path const& folder)
{
    auto const mine = ca.issue();
    files const to{folder / "ca.pem", folder / "client.pem", folder / "client.key"};
    std::ofstream(to.ca) << ca.pem();
    std::ofstream(to.certificate) << mine.pem();
    std::ofstream(to.key) << mine.key_pem();
    return to;
}

practicus::client_options behind_proxy(files const& at)
{
    practicus::client_options options;
    options.tls.ca_file = at.ca;                   // trusted beside the system's
    options.tls.certificate_file = at.certificate; // for a region that asks for one
    options.tls.key_file = at.key;

    options.proxy.mode = practicus::proxy_mode::url; // the environment is not read then
    options.proxy.url = practicus::secret("http://proxy.company.com:3128");
    options.proxy.user = "user"; // basic authentication
    options.proxy.password = practicus::secret("password");
    options.proxy.no_proxy = "company.local, 10.0.0.0/8, 127.0.0.1";

    options.credentials = practicus::credentials::password("admin@company.com", "practicus");
    return options;
}

asio::awaitable<void> list(practicus::client client)
{
    try {
        std::cout << (co_await client.models()).size() << " models from " << client.service_url().str()
                  << '\n';
    } catch (practicus::error const& e) {
        std::cout << e.what() << '\n';
    }
}

int main()
try {
    mock::certificate_authority const ca;
    mock::server_options mutual;
    mutual.certificate = ca.issue();
    mutual.ca = mutual.client_ca = ca.pem();
    mock::server region(mutual);
    region.region().add_demo();
    private_folder const folder;
    auto const at = write(ca, folder.path());

    asio::io_context io;
    auto const rethrow = [](std::exception_ptr failed) {
        if (failed) std::rethrow_exception(failed);
    };
    practicus::client const client(io.get_executor(), region.url(), behind_proxy(at));
    asio::co_spawn(io, list(client), rethrow);

    // Without these files, the region is not trusted.
    practicus::client_options without_files;
    without_files.credentials = practicus::credentials::password("admin@company.com", "practicus");
    practicus::client const stranger(io.get_executor(), region.url(), without_files);
    asio::co_spawn(io, list(stranger), rethrow);
    io.run();
} catch (std::exception const& e) {
    std::cerr << "network: " << e.what() << '\n';
    return 1;
}
