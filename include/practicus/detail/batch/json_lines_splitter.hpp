// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/result.hpp>
#include <practicus/detail/batch/batch_format.hpp>
#include <practicus/detail/batch/batch_text.hpp>
#include <practicus/detail/batch/json_line.hpp>
#include <practicus/error.hpp>

#include <boost/assert.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// Cuts JSON Lines in pieces into batches. The ends of the pieces make no difference. The lines of all
/// batches, joined, are the text without its byte order mark; a last line without an end gets a LF.
///
/// A line that is no request is a batch of its own, with a fault. Lines are packed while they go to one path
/// and have the same members beside their input.
class json_lines_splitter final : public batch_splitter
{
public:
    static constexpr std::size_t default_longest = std::size_t{64} << 20;

    json_lines_splitter(json_line_reader reader, bool unique_ids, std::size_t pack, std::size_t bytes,
                        std::size_t longest = default_longest)
        : reader_(std::move(reader)), has_ids_(unique_ids), pack_(pack), max_bytes_(bytes), longest_(longest)
    {}

    void cut_behind(std::uint64_t count) noexcept override { cut_behind_ = count; }

    void push(std::string_view piece) override
    {
        while (!piece.empty() && fault_.empty()) {
            auto const end = piece.find('\n');
            auto const part = piece.substr(0, end == piece.npos ? end : end + 1);
            if (line_.size() + part.size() > longest_)
                return fail("is longer than " + std::to_string(longest_) + " bytes");
            line_.append(part);
            piece.remove_prefix(part.size());
            if (end != piece.npos) end_line();
        }
    }

    void finish() override
    {
        if (!fault_.empty()) return;
        if (seen_ == 0 && line_ == "\xef\xbb\xbf") line_.clear();
        if (!line_.empty()) {
            line_ += '\n';
            end_line();
        }
        close_batch();
    }

    std::optional<batch_text> next() override
    {
        if (full_.empty()) return std::nullopt;
        auto result = std::move(full_.front());
        full_.pop_front();
        held_ -= result.text.size();
        return result;
    }

    failure fault() const override
    {
        return full_.empty() && !fault_.empty() ? make_failure(errc::invalid_argument, fault_) : nullptr;
    }

    std::size_t buffered() const noexcept override { return held_ + line_.size(); }
    std::uint64_t rows() const noexcept override { return seen_; }

private:
    void end_line()
    {
        if (seen_ == 0) drop_mark();
        if (seen_ == 0 && (line_.starts_with("\xff\xfe") || line_.starts_with("\xfe\xff")))
            return fail("begins as UTF-16 does; convert the text to UTF-8 first (iconv -f UTF-16 -t UTF-8)");
        auto const line = reader_.read(line_);
        auto fault = fault_of(line);
        if (!fault.empty()) {
            close_batch();
            add_line(std::move(fault));
            return close_batch();
        }
        auto key = pack_ == 1 ? std::string() : key_of(line);
        bool const fits = open_.text.size() + line_.size() <= max_bytes_ && key == key_;
        if (!fits) close_batch();
        key_ = std::move(key);
        add_line({});
        if (open_.rows >= pack_ || seen_ == cut_behind_) close_batch();
    }

    /// Returns a key that all lines of one request share. An array of inputs has one kind of them.
    static std::string key_of(json_line const& line)
    {
        auto const body = read_input(line.body);
        return line.path + (body->input.starts_with('[') ? " tokens " : " text ") + body->others;
    }

    /// Returns the reason for which the line is not sent, or an empty text.
    std::string fault_of(json_line const& line)
    {
        bool const is_new =
            !has_ids_ || line.custom_id == "null" || ids_.insert(json_string(line.custom_id)).second;
        if (line.fault) return line.fault->message;
        return is_new ? "" : "its custom_id is that of an earlier line";
    }

    void add_line(std::string fault)
    {
        if (open_.rows++ == 0) open_.first_row = seen_;
        held_ += line_.size();
        open_.text += line_;
        open_.fault = std::move(fault);
        ++seen_;
        line_.clear();
    }

    void close_batch()
    {
        if (open_.rows != 0) full_.push_back(std::exchange(open_, batch_text()));
    }

    void drop_mark()
    {
        if (line_.starts_with("\xef\xbb\xbf")) line_.erase(0, 3);
    }

    void fail(std::string const& what)
    {
        close_batch();
        fault_ = "line " + std::to_string(seen_ + 1) + ' ' + what;
    }

    json_line_reader reader_;
    bool has_ids_;
    std::size_t pack_;
    std::size_t max_bytes_;
    std::size_t longest_;
    std::uint64_t cut_behind_ = 0;
    std::string line_;
    batch_text open_;
    /// The key of the lines in the open batch.
    std::string key_;
    std::deque<batch_text> full_;
    /// The bytes of the batches, the open one included.
    std::size_t held_ = 0;
    std::uint64_t seen_ = 0;
    std::unordered_set<std::string> ids_;
    std::string fault_;
};

}}} // namespace practicus::v1::detail
