// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/mock/detail/openai_request.hpp>
#include <practicus/mock/region.hpp>

namespace practicus { inline namespace v1 { namespace mock {

namespace detail {

inline bool is_version_tag(std::string_view text) noexcept
{
    if (text == "latest" || text == "prod" || text == "production" || text == "staging") return true;
    return text.size() > 1 && text.front() == 'v' &&
           text.find_first_not_of("0123456789", 1) == std::string_view::npos;
}

/// Finds what the longest beginning of `path` names, up to a slash or the end, and leaves the rest.
template <class Map>
typename Map::mapped_type find_hosted(Map const& by_path, std::string_view& path)
{
    for (auto end = path.size(); end != 0 && end != path.npos; end = path.rfind('/', end - 1)) {
        auto at = by_path.find(std::string(path.substr(0, end)));
        if (at == by_path.end()) continue;
        path.remove_prefix(std::min(end + 1, path.size()));
        return at->second;
    }
    return {};
}

inline std::string_view first_segment(std::string_view path) noexcept
{
    return path.substr(0, path.find('/'));
}

/// Takes a path's first segment off.
inline std::string take_segment(std::string_view& path)
{
    std::string segment(first_segment(path));
    path.remove_prefix(std::min(segment.size() + 1, path.size()));
    return segment;
}

} // namespace detail

/// `path` comes without the region's base path.
inline region::target region::resolve(std::string_view path) const
{
    target result;
    auto const decoded = detail::percent_decode(path, false);
    if (!decoded) return result;
    std::string_view rest = *decoded;
    for (auto const& g : gateways_)
        if (rest.starts_with(g->path + '/')) {
            result.through = g;
            result.rest = rest.substr(g->path.size() + 1);
            return result;
        }
    result.hosted_model = detail::find_hosted(model_by_path_, rest);
    if (!result.hosted_model) result.hosted_app = detail::find_hosted(app_by_path_, rest);
    if (result.hosted_app && detail::first_segment(rest) == "api")
        result.api = !detail::take_segment(rest).empty();
    if (detail::is_version_tag(detail::first_segment(rest))) result.tag = detail::take_segment(rest);
    result.rest = rest;
    result.open = rest.empty() && !path.ends_with('/');
    return result;
}

inline response region::service(call& c)
{
    auto const found = resolve(c.path);
    if (found.through) return gateway_call(c, found);
    std::shared_ptr<hosted const> owner = found.hosted_model;
    if (!owner) owner = found.hosted_app;
    auto const* const v = owner ? owner->serving(found.tag) : nullptr;
    if (v == nullptr) return detail::replies::not_found_page();
    if (found.hosted_app && !found.api) {
        if (detail::first_segment(found.rest) == "api") violate(c, "an app's version before its api");
        return detail::replies::not_found_page();
    }
    if (found.open) {
        auto query = c.r.query().empty() ? std::string() : '?' + std::string(c.r.query());
        return detail::replies::redirect(std::string(c.r.path()) + '/' + query);
    }
    if (auto starting = cold(owner)) return *starting;
    return found.hosted_model ? model_call(c, found, v) : app_call(c, found);
}

/// Returns the response of a model or app that does not run yet, and starts it. Returns no value if it runs.
inline std::optional<response> region::cold(std::shared_ptr<hosted const> const& owner)
{
    if (!owner->cold_start) return std::nullopt;
    auto const& how = *owner->cold_start;
    auto const now = now_locked();
    auto& its = pods_[owner];
    if (!its.ready || (how.idle_limit && now - its.last_use >= *how.idle_limit))
        its.ready = now + how.duration;
    its.last_use = now;
    if (now >= *its.ready) return std::nullopt;
    auto result = how.from_mesh ? response(503, "text/plain", "no healthy upstream")
                                : detail::replies::problem(503, "The service is starting.");
    if (how.retry_after) result.header("Retry-After", std::to_string(how.retry_after->count()));
    return result;
}

/// A gateway's errors have OpenAI's form.
inline response region::gateway_call(call& c, target const& found)
{
    response refusal;
    if (bearer(c, {token_type::gateway}, refusal) == nullptr)
        return detail::replies::json(
            401, detail::openai_error("Authentication Error, invalid token.", "auth_error", {}, "401"));
    auto const* const answers = found.through->at(found.rest);
    if (answers == nullptr) return detail::replies::problem(404, "Not Found");
    c.later = [through = found.through, answers, &sent = c.r] { return (*answers)(sent); };
    return response(200);
}

/// Answers at the model's url and at paths behind it. Only the url itself has a default predictor.
inline response region::model_call(call& c, target const& found, version const* v)
{
    auto const& m = found.hosted_model;
    bool const plain = found.rest.empty();
    bool const asks = c.r.method == "GET" && c.r.body.empty() && (plain || comes_from_sdk(c));
    if (asks) return model_metadata(c, *m, *v);
    auto const* const answers = m->answering(found.rest);
    if (answers == nullptr && !plain) return detail::replies::problem(404, "Not Found");
    response refusal;
    if (plain && !check_prediction(c, refusal)) return refusal;
    if (!has_session_of(c, token_type::session, *m, refusal)) return refusal;
    std::shared_ptr<codec const> coding;
    if (!find_coding(c, coding, refusal)) return refusal;
    if (found.tag.empty() && m->has_weights()) v = next_version(m);
    c.later = [m, answers, coding, v, &sent = c.r] {
        auto result = predict(sent, answers, m->max_body, coding.get());
        return m->identify(result, *v);
    };
    return response(200);
}

/// Checks method, query and content type of a request at the model's url itself.
inline bool region::check_prediction(call& c, response& refusal)
{
    if (c.r.method != "GET" && c.r.method != "POST") {
        violate(c, "a method that a model does not have");
        refusal = detail::replies::method_not_allowed(c.r.method, "GET, POST");
        return false;
    }
    if (c.r.target.find('?') != std::string::npos) violate(c, "a query where none is expected");
    if (!c.r.body.empty() && !c.r.headers.contains("Content-Type"))
        violate(c, "a prediction without a content type");
    return true;
}

/// Chooses the next version by smooth weighted round robin. Among as many successive requests as the sum of
/// the weights, each version answers as many as its weight.
inline version const* region::next_version(std::shared_ptr<model const> const& m)
{
    auto& credit = pods_[m].credit;
    credit.resize(m->versions.size());
    std::int64_t total = 0;
    std::size_t best = 0;
    for (std::size_t i = 0; i != credit.size(); ++i) {
        credit[i] += m->versions[i].weight;
        total += m->versions[i].weight;
        if (credit[i] > credit[best]) best = i;
    }
    credit[best] -= total;
    return &m->versions[best];
}

/// Finds the codec of the request's body. Returns false if there is none.
inline bool region::find_coding(call& c, std::shared_ptr<codec const>& coding, response& refusal)
{
    auto const name = c.r.headers["Content-Encoding"];
    if (name.empty() || name == "identity") return true;
    auto const found = codecs_.find(name);
    if (found != codecs_.end()) {
        coding = found->second;
        return true;
    }
    violate(c, "a content encoding that models do not know");
    refusal = detail::replies::problem(415, "Unsupported content encoding in request.");
    return false;
}

/// The vendor's SDK asks for the id at the url that it was given, path included, without a query.
inline bool region::comes_from_sdk(call const& c)
{
    if (settings_.documented_forms_only || c.r.target.find('?') != std::string::npos) return false;
    auto const value = c.r.headers["Authorization"];
    auto const* record = mint_.find(value.substr(std::min(value.find(' '), value.size() - 1) + 1));
    return record != nullptr && record->type != token_type::session;
}

/// Decodes, predicts, and encodes again. `answers` is null for the default predictor.
inline response region::predict(request const& sent, handler const* answers, std::size_t max_body,
                                codec const* coding)
{
    auto run = [&](request const& r) {
        if (r.body.size() > max_body)
            return detail::replies::problem(413, "The request's body is too large.");
        return answers != nullptr ? (*answers)(r) : detail::predict(r);
    };
    if (coding == nullptr) return run(sent);
    auto text = coding->decode(sent.body, max_body);
    if (!text) return detail::replies::problem(400, "The request's content encoding is broken.");
    request decoded = sent;
    decoded.body = std::move(*text);
    auto result = run(decoded);
    if (result.status != 200) return result;
    result.body = coding->encode(result.body);
    result.pieces.clear();
    return result.header("Content-Encoding", coding->name());
}

inline response region::model_metadata(call& c, model const& m, version const& v)
{
    bool documented = c.r.target.find('?') != std::string::npos;
    response refusal;
    if (documented && c.r.query() != "get_meta=true") violate(c, "a query that a model does not have");
    if (!documented && settings_.documented_forms_only)
        violate(c, "metadata without the query get_meta=true");
    auto const* record = documented || settings_.documented_forms_only
                             ? bearer(c, {token_type::access}, refusal)
                             : bearer(c, {token_type::access, token_type::refresh}, refusal);
    if (record == nullptr) return refusal;
    boost::json::object body{{"model_name", m.name}};
    for (auto const& [name, value] : m.metadata)
        body[name] = value;
    auto result = detail::replies::json(200, std::move(body));
    return m.identify(result, v);
}

/// An app's metadata is answered at every path of its api.
inline response region::app_call(call& c, target const& found)
{
    bool const metadata = c.r.query() == "prt_sys_task=meta";
    if (!found.rest.empty() && !metadata) return app_endpoint(c, found);
    if (c.r.method != "GET") {
        violate(c, "a method that an app's metadata does not have");
        return detail::replies::method_not_allowed(c.r.method, "GET");
    }
    if (!metadata) {
        violate(c, "a query that an app does not have");
        return detail::replies::not_found_page();
    }
    if (c.r.headers.contains("Authorization")) violate(c, "an app's metadata asked with Authorization");
    if (!c.r.body.empty()) violate(c, "a body where none is expected");
    auto const& a = *found.hosted_app;
    boost::json::object body{{"app_name", a.name}};
    if (a.answer_id) body["app_id"] = *a.answer_id;
    return detail::replies::json(200, std::move(body));
}

inline response region::app_endpoint(call& c, target const& found)
{
    response refusal;
    if (!has_session_of(c, token_type::app_session, *found.hosted_app, refusal)) return refusal;
    auto const* const answers = found.hosted_app->at(found.rest);
    if (answers == nullptr) return detail::replies::problem(404, "Not Found");
    c.later = [a = found.hosted_app, answers, &sent = c.r] { return (*answers)(sent); };
    return response(200);
}

/// Returns true if the request brings this model's or app's session token.
inline bool region::has_session_of(call& c, token_type type, hosted const& owner, response& refusal)
{
    auto const* record = bearer(c, {type}, refusal);
    if (record == nullptr) return false;
    if (record->subject == owner.id) return true;
    violate(c, std::string("a session token of another ") + (type == token_type::session ? "model" : "app"));
    refusal = detail::replies::problem(403, "You do not have permission to perform this action.");
    return false;
}

}}} // namespace practicus::v1::mock
