// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "epoll_pacer.hpp"
#include "histogram.hpp"
#include "listing.hpp"
#include "loops.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <curl/curl.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <sys/epoll.h>
#include <unistd.h>

namespace bench {
namespace {

void check(CURLMcode code)
{
    if (code != CURLM_OK) throw std::runtime_error(curl_multi_strerror(code));
}

template <class Value>
void set(CURL* handle, CURLoption option, Value value)
{
    auto const code = curl_easy_setopt(handle, option, value);
    if (code != CURLE_OK) throw std::runtime_error(curl_easy_strerror(code));
}

/// One transfer after the other.
struct transfer
{
    CURL* handle = nullptr;
    std::string body;
    std::size_t done = 0;
    /// When it was meant to begin, if that was given.
    steady::time_point due{};
};

/// `curl_multi_socket_action` driven by epoll: what libcurl recommends for more than a few connections.
class curl_loop final : public loop
{
public:
    explicit curl_loop(loop_options const& options)
        : url_(options.server.url()), ca_(options.server.ca_pem), multi_(curl_multi_init()),
          epoll_(::epoll_create1(EPOLL_CLOEXEC)), alarm_(epoll_)
    {
        if (multi_ == nullptr) throw std::runtime_error("no libcurl");
        check(curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &curl_loop::watch));
        check(curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this));
        check(curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &curl_loop::set_timer));
        check(curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this));
        // Else it closes some between two exchanges.
        check(curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(options.connections)));
        auto const authorization = "Authorization: Bearer " + options.bearer;
        for (char const* const line : {"Accept: application/json", authorization.c_str()})
            fields_ = curl_slist_append(fields_, line);
        // Nor do the others wait for leave to send a body.
        for (char const* const line :
             {"Accept: */*", "Content-Type: text/csv", "Expect:", authorization.c_str()})
            prediction_fields_ = curl_slist_append(prediction_fields_, line);
        for (std::size_t i = 0; i != options.connections; ++i)
            transfers_.push_back(make_transfer());
        exchange({.each = 1});
    }
    curl_loop(curl_loop const&) = delete;
    curl_loop& operator=(curl_loop const&) = delete;

    ~curl_loop() override
    {
        for (auto const& t : transfers_)
            curl_easy_cleanup(t->handle);
        curl_multi_cleanup(multi_);
        curl_slist_free_all(fields_);
        curl_slist_free_all(prediction_fields_);
        ::close(epoll_);
    }

    std::size_t exchange(quota const& much) override
    {
        return run(transfers_.size(), exchange_target, much, &curl_loop::is_right);
    }

    std::size_t open() const override { return open_; }

    std::size_t list(std::size_t times) override
    {
        set(transfers_.front()->handle, CURLOPT_BUFFERSIZE, long_buffer);
        return run(1, "/console/api/modelhost/models/", {.each = times},
                   [](std::string_view body) { return decode_listing(body).size(); });
    }

    std::size_t predict(prediction_work const& work, quota const& much) override
    {
        if (!work.encoding.empty()) return loop::predict(work, much);
        for (auto const& t : transfers_) {
            set(t->handle, CURLOPT_BUFFERSIZE, long_buffer);
            set(t->handle, CURLOPT_HTTPHEADER, prediction_fields_);
            set(t->handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(work.body.size()));
            set(t->handle, CURLOPT_POSTFIELDS, work.body.data());
        }
        auto const done = run(transfers_.size(), work.path(), much, [&work](std::string_view body) {
            return static_cast<std::size_t>(body.size() == work.answer_size &&
                                            body.starts_with("prediction\n"));
        });
        for (auto const& t : transfers_) {
            set(t->handle, CURLOPT_HTTPGET, 1L);
            set(t->handle, CURLOPT_HTTPHEADER, fields_);
        }
        return done;
    }

    void arrive(arrivals const& when, histogram& latency_ns) override
    {
        std::vector<transfer*> idle;
        for (auto const& t : transfers_) {
            set(t->handle, CURLOPT_URL, (url_ + exchange_target).c_str());
            idle.push_back(t.get());
        }
        epoll_pacer pacer(alarm_, when);
        while (!pacer.all_begun() || running_ != 0) {
            pacer.begin_due(idle, [&](transfer& t) { begin(t); });
            wait(pacer.sleep(until_timer(), idle.empty()));
            finish(&curl_loop::is_right, [&](transfer& t) {
                latency_ns.record(static_cast<std::uint64_t>((steady::now() - t.due).count()));
                idle.push_back(&t);
            });
        }
    }

private:
    /// For long answers. Of the loops in C++, each reads by so much then.
    static constexpr long long_buffer = 64 * 1024;
    static constexpr char exchange_target[] = "/console/api/central/clusterdefinition/";

    static std::size_t is_right(std::string_view body)
    {
        auto const value = boost::json::parse(body);
        std::string const name = value.at("NAME").as_string().c_str();
        std::string const region = value.at("REGION_NAME").as_string().c_str();
        return region == "benchmark" && name.starts_with("eyJ") ? 1 : 0;
    }

    using decoder = std::function<std::size_t(std::string_view)>;

    std::unique_ptr<transfer> make_transfer()
    {
        auto made = std::make_unique<transfer>();
        auto* const h = made->handle = curl_easy_init();
        if (h == nullptr) throw std::bad_alloc();
        set(h, CURLOPT_PRIVATE, made.get());
        set(h, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
        set(h, CURLOPT_HTTPHEADER, fields_);
        set(h, CURLOPT_USERAGENT, "benchmark/1.0");
        set(h, CURLOPT_NOSIGNAL, 1L);
        set(h, CURLOPT_TIMEOUT, 30L);
        set(h, CURLOPT_WRITEFUNCTION, &curl_loop::take);
        set(h, CURLOPT_WRITEDATA, made.get());
        // libcurl does not tell how many connections it has.
        set(h, CURLOPT_SOCKOPTFUNCTION, &curl_loop::opened);
        set(h, CURLOPT_SOCKOPTDATA, this);
        set(h, CURLOPT_CLOSESOCKETFUNCTION, &curl_loop::close_socket);
        set(h, CURLOPT_CLOSESOCKETDATA, this);
        if (!ca_.empty()) {
            curl_blob ca{ca_.data(), ca_.size(), CURL_BLOB_COPY};
            set(h, CURLOPT_CAINFO_BLOB, &ca);
        }
        return made;
    }

    static std::size_t take(char* data, std::size_t size, std::size_t count, void* to)
    {
        static_cast<transfer*>(to)->body.append(data, size * count);
        return size * count;
    }

    static int opened(void* self, curl_socket_t, curlsocktype)
    {
        ++static_cast<curl_loop*>(self)->open_;
        return CURL_SOCKOPT_OK;
    }

    static int close_socket(void* self, curl_socket_t socket)
    {
        --static_cast<curl_loop*>(self)->open_;
        return ::close(socket);
    }

    static int watch(CURL*, curl_socket_t socket, int what, void* self, void* known)
    {
        auto& loop = *static_cast<curl_loop*>(self);
        if (what == CURL_POLL_REMOVE) {
            ::epoll_ctl(loop.epoll_, EPOLL_CTL_DEL, socket, nullptr);
            return 0;
        }
        epoll_event event{};
        event.data.fd = socket;
        if ((what & CURL_POLL_IN) != 0) event.events |= EPOLLIN;
        if ((what & CURL_POLL_OUT) != 0) event.events |= EPOLLOUT;
        auto const action = known == nullptr ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
        if (known == nullptr) curl_multi_assign(loop.multi_, socket, self);
        return ::epoll_ctl(loop.epoll_, action, socket, &event);
    }

    static int set_timer(CURLM*, long ms, void* self)
    {
        auto& loop = *static_cast<curl_loop*>(self);
        loop.timer_set_ = ms >= 0;
        if (ms >= 0) loop.timer_ = steady::now() + std::chrono::milliseconds(ms);
        return 0;
    }

    std::size_t run(std::size_t many, std::string const& target, quota const& much, decoder const& decode)
    {
        done_ = 0;
        for (std::size_t i = 0; i != many; ++i) {
            auto& t = *transfers_[i];
            set(t.handle, CURLOPT_URL, (url_ + target).c_str());
            t.done = 0;
            if (much.goes_on(0)) begin(t);
        }
        while (running_ != 0) {
            wait();
            finish(decode, [&](transfer& t) {
                if (much.goes_on(++t.done)) begin(t);
            });
        }
        return done_;
    }

    void begin(transfer& t)
    {
        t.body.clear();
        check(curl_multi_add_handle(multi_, t.handle));
        ++running_;
    }

    void wait() { wait(until_timer()); }

    void wait(int milliseconds)
    {
        std::array<epoll_event, 256> events{};
        auto const n = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), milliseconds);
        if (n < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "epoll_wait");
        int ignored = 0;
        for (int i = 0; i < n; ++i) {
            auto const& e = events[static_cast<std::size_t>(i)];
            if (e.data.u64 == 0) continue;
            int const what = ((e.events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
                             ((e.events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
                             ((e.events & (EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0);
            check(curl_multi_socket_action(multi_, e.data.fd, what, &ignored));
        }
        if (timer_set_ && steady::now() >= timer_) {
            timer_set_ = false;
            check(curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &ignored));
        }
    }

    int until_timer() const
    {
        if (!timer_set_) return -1;
        auto const left = std::chrono::ceil<std::chrono::milliseconds>(timer_ - steady::now()).count();
        return left < 0 ? 0 : static_cast<int>(left);
    }

    void finish(decoder const& decode, std::function<void(transfer&)> const& then)
    {
        int left = 0;
        while (auto const* const message = curl_multi_info_read(multi_, &left)) {
            if (message->msg != CURLMSG_DONE) continue;
            auto const code = message->data.result;
            auto* const handle = message->easy_handle;
            if (code != CURLE_OK) throw std::runtime_error(curl_easy_strerror(code));
            transfer* t = nullptr;
            long status = 0;
            curl_easy_getinfo(handle, CURLINFO_PRIVATE, &t);
            curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
            if (status != 200) throw std::runtime_error("status");
            auto const right = decode(t->body);
            require_right(right != 0);
            done_ += right;
            check(curl_multi_remove_handle(multi_, handle));
            --running_;
            then(*t);
        }
    }

    std::string url_;
    std::string ca_;
    CURLM* multi_;
    int epoll_;
    epoll_alarm alarm_;
    curl_slist* fields_ = nullptr;
    curl_slist* prediction_fields_ = nullptr;
    std::vector<std::unique_ptr<transfer>> transfers_;
    bool timer_set_ = false;
    steady::time_point timer_{};
    std::size_t running_ = 0;
    std::size_t open_ = 0;
    std::size_t done_ = 0;
};

} // namespace

std::unique_ptr<loop> make_curl_loop(loop_options const& options)
{
    return std::make_unique<curl_loop>(options);
}

} // namespace bench
