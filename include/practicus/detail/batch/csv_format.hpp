// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/csv_scanner.hpp>
#include <practicus/detail/batch/batch_format.hpp>
#include <practicus/detail/batch/csv_splitter.hpp>
#include <practicus/detail/wire/answer_check.hpp>
#include <practicus/error.hpp>
#include <practicus/url.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// CSV: each batch repeats the header line.
class csv_format final : public batch_format
{
public:
    csv_format(model_url url, std::size_t max_rows, std::size_t max_bytes)
        : url_(std::move(url)), max_rows_(max_rows), max_bytes_(max_bytes)
    {}

    std::unique_ptr<batch_splitter> make_splitter() const override
    {
        return std::make_unique<csv_splitter>(max_rows_, max_bytes_);
    }
    std::string_view noun() const noexcept override { return "rows"; }
    std::string_view media_type() const noexcept override { return "text/csv"; }
    batch_request request(batch_text const& batch) const override { return {url_, batch.text}; }

    std::optional<error_info> read(batch_text const&, batch_answer const& answer,
                                   batch_result& to) const override
    {
        std::string_view header;
        if (auto wrong = refuse_answer(answer, header)) return wrong;
        auto const csv = parse_prediction(answer.body).value();
        to.header = csv.header;
        to.text = csv.rows;
        return std::nullopt;
    }

    std::pair<batch_text, batch_text> halve(batch_text const& whole) const override
    {
        return detail::halve(whole);
    }

    std::string rejected(batch_text const& batch, error_info const&, bool is_first) const override
    {
        return is_first ? batch.text : batch.text.substr(batch.header_size);
    }

private:
    model_url url_;
    std::size_t max_rows_;
    std::size_t max_bytes_;
};

}}} // namespace practicus::v1::detail
