// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include "fixture.hpp"
#include "internals.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

/// Names that only this object knows; others do not exist. A lookup of a name that is held hangs, also after
/// this object has gone, until the name is released. Thread safety: full.
class scripted_names
{
public:
    void set(std::string const& name, std::vector<std::string> const& addresses)
    {
        practicus::detail::lookup_result answer;
        for (auto const& a : addresses)
            answer.found.push_back(asio::ip::make_address(a));
        all_->answer(name, std::move(answer));
    }

    void fail(std::string const& name, boost::system::error_code why)
    {
        practicus::detail::lookup_result answer;
        answer.failed = why;
        all_->answer(name, std::move(answer));
    }

    void hold(std::string const& name)
    {
        std::lock_guard lock(all_->mutex);
        all_->held.insert(name);
    }

    void release(std::string const& name)
    {
        std::lock_guard lock(all_->mutex);
        all_->held.erase(name);
        all_->changed.notify_all();
    }

    /// How many lookups hang.
    int hanging() const
    {
        std::lock_guard lock(all_->mutex);
        return all_->hanging;
    }

    /// How often the name was looked up.
    int lookups(std::string const& name) const
    {
        std::lock_guard lock(all_->mutex);
        return all_->lookups[name];
    }

    /// The client's lookups come here.
    void serve(practicus::client const& client) const { names_of(client).look_up_with(function()); }

    /// The same on the context's thread, one after the other.
    void serve(practicus::client const& client, asio::io_context& io) const
    {
        serve(client);
        names_of(client).threads().start_with(
            [&io](std::function<void()> f) { asio::post(io, std::move(f)); });
    }

    practicus::detail::dns_cache::lookup function() const
    {
        return [all = all_](std::string const& name) { return all->find(name); };
    }

private:
    struct shared
    {
        void answer(std::string const& name, practicus::detail::lookup_result with)
        {
            std::lock_guard lock(mutex);
            answers[name] = std::move(with);
        }

        practicus::detail::lookup_result find(std::string const& name)
        {
            std::unique_lock lock(mutex);
            ++lookups[name];
            ++hanging;
            changed.wait(lock, [&] { return !held.contains(name); });
            --hanging;
            if (auto const known = answers.find(name); known != answers.end()) return known->second;
            practicus::detail::lookup_result none;
            none.failed = asio::error::host_not_found;
            return none;
        }

        std::mutex mutex;
        std::condition_variable changed;
        std::map<std::string, practicus::detail::lookup_result> answers;
        std::map<std::string, int> lookups;
        std::set<std::string> held;
        int hanging = 0;
    };

    std::shared_ptr<shared> all_ = std::make_shared<shared>();
};
