#include <practicus.hpp>

#include <boost/asio/io_context.hpp>

#include <iostream>

int main()
{
    boost::asio::io_context io;
    practicus::client client(io.get_executor(), "https://practicus.company.com");
    std::cout << client.model_url("models/practicus", "diamond-price").str() << '\n';
}
