// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/ascii.hpp>
#include <practicus/detail/batch/batch_format.hpp>
#include <practicus/detail/batch/json_line.hpp>
#include <practicus/detail/batch/json_lines_splitter.hpp>
#include <practicus/detail/batch/packed_answer.hpp>
#include <practicus/detail/wire/answer_check.hpp>
#include <practicus/detail/wire/error_body.hpp>
#include <practicus/detail/wire/json_text.hpp>
#include <practicus/error.hpp>
#include <practicus/json_lines.hpp>
#include <practicus/url.hpp>

#include <boost/json/error.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace practicus { inline namespace v1 { namespace detail {

/// Returns the lines of a text, each with its end.
inline std::vector<std::string_view> lines_of(std::string_view text)
{
    std::vector<std::string_view> result;
    while (!text.empty()) {
        auto const size = text.find('\n') == text.npos ? text.size() : text.find('\n') + 1;
        result.push_back(text.substr(0, size));
        text.remove_prefix(size);
    }
    return result;
}

inline std::string json_quoted(std::string_view text)
{
    return boost::json::serialize(boost::json::string(text));
}

/// Returns true for `{"error":{"message":"..."}}`, with any other members.
inline bool is_json_error(std::string_view body)
{
    if (!body.starts_with('{')) return false;
    auto const error = json_value_of(json_pairs(body), "error");
    return error.starts_with('{') && json_value_of(json_pairs(error), "message").starts_with('"');
}

/// Returns a line of OpenAI's output and error files. `row` makes an id that a resumed run repeats.
inline std::string openai_line(std::uint64_t row, std::string_view custom_id, std::string_view response,
                               std::string_view error)
{
    std::string line = R"({"id":"batch_req_)" + std::to_string(row + 1) + R"(","custom_id":)";
    line.append(custom_id).append(R"(,"response":)").append(response).append(R"(,"error":)");
    return line.append(error).append("}\n");
}

inline std::string openai_response(unsigned status, std::string_view request_id, std::string_view body)
{
    std::string text = R"({"status_code":)" + std::to_string(status) + R"(,"request_id":)";
    return text.append(json_quoted(capped(request_id, 128))).append(R"(,"body":)").append(body).append("}");
}

/// JSON Lines; see `json_lines_options`.
class json_lines_format final : public batch_format
{
public:
    json_lines_format(model_url const& url, json_lines_options how, std::size_t max_bytes)
        : how_(std::move(how)), reader_(url, how_), max_bytes_(max_bytes)
    {}

    std::unique_ptr<batch_splitter> make_splitter() const override
    {
        return std::make_unique<json_lines_splitter>(reader_, how_.openai, how_.pack, max_bytes_);
    }
    std::string_view noun() const noexcept override { return "lines"; }
    std::string_view media_type() const noexcept override { return "application/json"; }

    batch_request request(batch_text const& batch) const override
    {
        auto const lines = lines_of(batch.text);
        auto first = reader_.read(lines.front());
        if (how_.pack == 1) return {reader_.url_of(first.path), std::move(first.body)};
        std::string body = "{" + read_input(first.body)->others + R"("input":[)";
        for (auto const& line : lines)
            body.append(read_input(reader_.read(line).body)->input).append(",");
        body.back() = ']';
        return {reader_.url_of(first.path), body.append("}")};
    }

    std::optional<error_info> read(batch_text const& batch, batch_answer const& answer,
                                   batch_result& to) const override
    {
        if (auto wrong = refuse_type(answer)) return wrong;
        if (auto const failed = check_json(answer.body))
            return refuse(answer, "it is not JSON",
                          failed == boost::json::error::incomplete && !answer.delimited
                              ? errc::connection_lost
                              : own_fault(answer));
        auto const body = compact_json(answer.body);
        if (may_be_cut(answer))
            return refuse(answer, "it is a number that ends with the connection", errc::connection_lost);
        if (is_json_error(body)) return refuse(answer, "it is an error", own_fault(answer));
        if (how_.pack == 1) {
            to.text = output_line(batch.first_row, batch.text, answer, body);
            return std::nullopt;
        }
        std::string problem;
        auto const bodies = split_packed(body, batch.rows, problem);
        if (!bodies) return refuse(answer, std::move(problem), errc::row_count_mismatch);
        auto const lines = lines_of(batch.text);
        for (std::size_t i = 0; i != bodies->size(); ++i)
            to.text += output_line(batch.first_row + i, lines[i], answer, (*bodies)[i]);
        return std::nullopt;
    }

    std::pair<batch_text, batch_text> halve(batch_text const& whole) const override
    {
        auto const rows = whole.rows / 2;
        auto const lines = lines_of(whole.text);
        std::size_t size = 0;
        for (std::size_t i = 0; i != rows; ++i)
            size += lines[i].size();
        return {batch_text(whole.text.substr(0, size), whole.first_row, rows),
                batch_text(whole.text.substr(size), whole.first_row + rows, whole.rows - rows)};
    }

    std::string rejected(batch_text const& batch, error_info const& why, bool) const override
    {
        if (!how_.openai) return batch.text;
        std::string text;
        std::uint64_t row = batch.first_row;
        for (auto const& line : lines_of(batch.text)) {
            auto const was = reader_.read(line);
            text += rejected_line(row++, was, batch.fault, why);
        }
        return text;
    }

private:
    static std::string rejected_line(std::uint64_t row, json_line const& line, std::string const& fault,
                                     error_info const& why)
    {
        auto const object = [](boost::json::object const& value) { return boost::json::serialize(value); };
        if (!fault.empty()) {
            auto const* const code = line.fault ? line.fault->code : "duplicate_custom_id";
            return openai_line(
                row, line.custom_id, "null",
                object({{"code", code}, {"message", "line " + std::to_string(row + 1) + ": " + fault}}));
        }
        auto const code =
            why.server_code.empty() ? boost::json::value() : boost::json::value(why.server_code);
        if (why.status != 0 && !is_success(why.status))
            return openai_line(row, line.custom_id,
                               openai_response(why.status, {},
                                               object({{"error",
                                                        {{"message", why.server_message},
                                                         {"type", nullptr},
                                                         {"param", nullptr},
                                                         {"code", code}}}})),
                               "null");
        return openai_line(
            row, line.custom_id, "null",
            object({{"code", "invalid_response"}, {"message", why.message + ": " + why.server_message}}));
    }

    /// Returns the line of the output for a line of the batch.
    std::string output_line(std::uint64_t row, std::string_view line, batch_answer const& answer,
                            std::string_view body) const
    {
        if (!how_.openai) return std::string(body).append("\n");
        return openai_line(row, reader_.read(line).custom_id,
                           openai_response(answer.status, answer.request_id, body), "null");
    }

    std::optional<error_info> refuse_type(batch_answer const& answer) const
    {
        auto const type = detail::media_type(answer.content_type);
        if (equals_ignoring_case(type, "text/event-stream"))
            return refuse(answer, "it is an event stream; leave \"stream\" out of the request",
                          errc::row_count_mismatch);
        bool const is_json = answer.wanted == media_type() &&
                             (type.empty() || (type.size() > 5 &&
                                               equals_ignoring_case(type.substr(type.size() - 5), "+json")));
        if (is_json || fits_type(answer.wanted, answer.wanted, answer.content_type)) return std::nullopt;
        error_info info;
        describe_other_type(info, answer.wanted, answer.content_type, answer.body);
        return info;
    }

    /// Returns the fault of the line, once other responses were believed.
    static errc own_fault(batch_answer const& answer) noexcept
    {
        return answer.others_believed ? errc::row_count_mismatch : errc::unexpected_response;
    }

    /// Returns true if the response may be cut: every beginning of a number is a number.
    static bool may_be_cut(batch_answer const& answer) noexcept
    {
        return !answer.delimited && !answer.body.empty() &&
               is_digits(answer.body.substr(answer.body.size() - 1));
    }

    static error_info refuse(batch_answer const& answer, std::string message, errc code)
    {
        error_info info;
        info.code = code;
        info.message = std::move(message);
        info.server_message = quote_answer(answer.content_type, answer.body);
        return info;
    }

    json_lines_options how_;
    json_line_reader reader_;
    std::size_t max_bytes_;
};

}}} // namespace practicus::v1::detail
