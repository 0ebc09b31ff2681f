// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "session.hpp"
#include "target.hpp"

namespace cli {

namespace {

template <class Entry>
std::vector<Entry> filtered(std::vector<Entry> entries, entries_arguments const& by)
{
    if (!by.prefix.empty()) entries = by_prefix(std::move(entries), by.prefix);
    if (!by.name.empty()) entries = by_name(std::move(entries), by.name);
    if (by.deployed) entries = practicus::deployed(std::move(entries));
    return entries;
}

} // namespace

int prefixes(settings const& with, bool of_apps)
{
    session s(with, choose_region(with));
    if (of_apps) return print(with, s.run(s.client().app_prefixes()));
    return print(with, s.run(s.client().model_prefixes()));
}

int models(settings const& with, entries_arguments const& arguments)
{
    session s(with, choose_region(with));
    return print(with, filtered(s.run(s.client().models()), arguments));
}

int deployments(settings const& with)
{
    session s(with, choose_region(with));
    return print(with, s.run(s.client().model_deployments()));
}

int apps(settings const& with, entries_arguments const& arguments)
{
    session s(with, choose_region(with));
    return print(with, filtered(s.run(s.client().apps()), arguments));
}

int addons(settings const& with)
{
    session s(with, choose_region(with));
    return print(with, s.run(s.client().addons()));
}

int token(settings const& with, token_arguments const& arguments)
{
    if (arguments.addon) {
        // The host of an add-on's url is not the region's.
        session s(with, choose_region(with));
        return print(std::string(s.run(s.client().addon_session_token(arguments.url)).reveal()) + '\n');
    }
    session s(with, choose_region(with, arguments.url));
    auto const& url = s.client().service_url();
    auto const purpose =
        arguments.upload ? practicus::token_purpose::upload : practicus::token_purpose::predict;
    practicus::token found;
    if (arguments.app) {
        auto const app = target_url<practicus::app_url>(url, arguments.url);
        found = run_for(s, app, s.client().session_token(app, purpose));
    } else {
        auto const model = target_url<practicus::model_url>(url, arguments.url);
        found = run_for(s, model, s.client().session_token(model, purpose));
    }
    return print(std::string(found.reveal()) + '\n');
}

int meta(settings const& with, std::string const& model)
{
    session s(with, choose_region(with, model));
    auto const url = target_url<practicus::model_url>(s.client().service_url(), model);
    return print(to_json(run_for(s, url, s.client().model_metadata(url))));
}

} // namespace cli
