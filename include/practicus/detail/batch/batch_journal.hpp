// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/batch_mark.hpp>
#include <practicus/detail/base/ascii.hpp>
#include <practicus/detail/base/sha256.hpp>
#include <practicus/error.hpp>
#include <practicus/json_lines.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// A file or its beginning, by its number of bytes and their SHA-256.
struct file_extent
{
    std::uint64_t size = 0;
    std::string digest;

    bool operator==(file_extent const&) const = default;
};

/// The identity of a run. Each run that resumes it has the same.
struct batch_identity
{
    /// The model's url.
    std::string model;
    /// See `form_name`.
    std::string form;
    /// Other options that affect the results, in the program's own words.
    std::string options;
    /// The input's size and the digest of its head; a size of 0 is unknown.
    file_extent input;
    /// The absolute path of the rejected rows' file; empty if there is none.
    std::string rejected;

    bool operator==(batch_identity const&) const = default;
};

/// Returns a name for the form of the output, which depends on more than the input and the model.
inline std::string form_name(std::optional<json_lines_options> const& lines)
{
    if (!lines) return "CSV";
    return (lines->openai ? "OpenAI's lines" : "lines to path '" + lines->path + "'") + " in packs of " +
           std::to_string(lines->pack);
}

/// An output of a run.
struct journaled_file
{
    /// The content so far.
    file_extent extent;
    /// The text of `identity_of`; empty until the run begins to write the file.
    std::string identity;

    bool operator==(journaled_file const&) const = default;
};

/// The journal beside an output: the run's identity, its progress, and the ends of the outputs.
struct batch_journal
{
    batch_identity run;
    batch_mark mark;
    journaled_file output;
    journaled_file rejected;

    bool operator==(batch_journal const&) const = default;
};

namespace journal_text {

inline constexpr std::string_view title = "practicus journal 2\n";

/// Returns the text on one line: `\0a` is a line feed.
inline std::string escape(std::string_view value)
{
    std::string text;
    for (char const c : value) {
        if (!is_control(c) && c != '\\') {
            text += c;
            continue;
        }
        text += '\\';
        append_hex(text, c);
    }
    return text;
}

inline std::optional<std::string> unescape(std::string_view text)
{
    std::string value;
    for (std::size_t i = 0; i != text.size(); ++i) {
        if (text[i] != '\\') {
            value += text[i];
            continue;
        }
        unsigned byte = 0;
        auto const digits = text.substr(i + 1, 2);
        auto const [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
        if (digits.size() != 2 || failed != std::errc() || end != digits.data() + 2) return std::nullopt;
        value += static_cast<char>(byte);
        i += 2;
    }
    return value;
}

/// Reads lines of a name, a space and a value, in a fixed order. `ok` is false after a fault.
class reader
{
public:
    explicit reader(std::string_view text) : rest_(text) {}

    bool ok() const noexcept { return ok_; }
    bool at_end() const noexcept { return rest_.empty(); }

    std::string value(std::string_view name)
    {
        auto const end = rest_.find('\n');
        auto line = rest_.substr(0, end);
        rest_.remove_prefix(end == rest_.npos ? rest_.size() : end + 1);
        bool const named =
            end != rest_.npos && line.starts_with(name) && line.substr(name.size()).starts_with(' ');
        auto found = named ? unescape(line.substr(name.size() + 1)) : std::nullopt;
        ok_ = ok_ && found;
        return found ? std::move(*found) : std::string();
    }

    std::uint64_t number(std::string_view name) { return to_number(value(name)); }

    file_extent extent(std::string_view name)
    {
        auto const text = value(name);
        auto const space = text.find(' ');
        ok_ = ok_ && space != text.npos;
        if (!ok_) return {};
        return {to_number(std::string_view(text).substr(0, space)), text.substr(space + 1)};
    }

private:
    std::uint64_t to_number(std::string_view text)
    {
        std::uint64_t number = 0;
        auto const [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
        ok_ = ok_ && failed == std::errc() && end == text.data() + text.size();
        return number;
    }

    std::string_view rest_;
    bool ok_ = true;
};

} // namespace journal_text

/// Returns a journal as text: one line a value, and a checksum of all lines.
inline std::string to_text(batch_journal const& j)
{
    std::string text(journal_text::title);
    auto const line = [&text](std::string_view name, std::string_view value) {
        text.append(name).append(" ").append(journal_text::escape(value)).append("\n");
    };
    auto const extent = [&line](std::string_view name, file_extent const& of) {
        line(name, std::to_string(of.size) + ' ' + of.digest);
    };
    line("model", j.run.model);
    line("form", j.run.form);
    line("options", j.run.options);
    extent("input", j.run.input);
    line("rejected", j.run.rejected);
    line("rows", std::to_string(j.mark.rows));
    line("failed", std::to_string(j.mark.failed_rows));
    line("header", j.mark.header);
    line("done", j.mark.digest);
    extent("output", j.output.extent);
    line("output-file", j.output.identity);
    extent("side", j.rejected.extent);
    line("side-file", j.rejected.identity);
    line("check", sha256_hex(text));
    return text;
}

/// Reads a journal. Empty if the text is not a complete journal.
inline std::optional<batch_journal> read_journal(std::string_view text)
{
    auto const checked = text.rfind("\ncheck ");
    if (checked == text.npos || !text.starts_with(journal_text::title)) return std::nullopt;
    auto const lines = text.substr(0, checked + 1);
    journal_text::reader in(text.substr(journal_text::title.size()));
    batch_journal j;
    j.run.model = in.value("model");
    j.run.form = in.value("form");
    j.run.options = in.value("options");
    j.run.input = in.extent("input");
    j.run.rejected = in.value("rejected");
    j.mark.rows = in.number("rows");
    j.mark.failed_rows = in.number("failed");
    j.mark.header = in.value("header");
    j.mark.digest = in.value("done");
    j.output = {in.extent("output"), in.value("output-file")};
    j.rejected = {in.extent("side"), in.value("side-file")};
    bool const whole = in.value("check") == sha256_hex(lines) && in.ok() && in.at_end();
    return whole ? std::optional(std::move(j)) : std::nullopt;
}

/// The files at the paths of a new run.
struct found_files
{
    std::string output;
    std::string journal;
    /// The journal's text, if there is one.
    std::optional<std::string> journal_text;
    std::uint64_t output_size = 0;
    std::uint64_t rejected_size = 0;
};

[[noreturn]] inline void refuse_files(std::string message)
{
    throw error(errc::invalid_argument, std::move(message));
}

/// Throws `errc::invalid_argument` if there are results without a journal.
inline void check_unjournaled(found_files const& found, batch_identity const& run, bool resume)
{
    if (found.output_size == 0 && found.rejected_size == 0) return;
    refuse_files("'" + (found.output_size != 0 ? found.output : run.rejected) + "'" +
                 (resume ? " cannot be resumed: there is no journal '" + found.journal +
                               "', so it is complete, or of something else"
                         : " is there already; remove it first"));
}

/// Throws `errc::invalid_argument` if the journal is of another run. `journal` is its name in the message.
inline void check_same_run(std::string const& journal, batch_identity const& was, batch_identity const& is)
{
    auto const same = [&](char const* what, std::string const& before, std::string const& now) {
        if (before != now)
            refuse_files(journal + " is of another run: " + what + " was '" + before + "', not '" + now +
                         "'");
    };
    same("the model", was.model, is.model);
    same("the form", was.form, is.form);
    if (was.input.size != 0 && is.input.size != 0 && was.input != is.input)
        refuse_files(journal + " is of another input: that had " + std::to_string(was.input.size) +
                     " bytes, this one has " + std::to_string(is.input.size) +
                     (was.input.size == is.input.size ? " others" : ""));
    if (!was.rejected.empty() && is.rejected.empty())
        refuse_files(journal + " is of a run with a file of rejected rows, '" + was.rejected + "': name it");
    if (!was.options.empty()) same("what decides the results", was.options, is.options);
}

/// Returns true for the beginning of a journal that another version of this library has written.
inline bool is_foreign_journal(std::string_view text) noexcept
{
    return text.starts_with("practicus journal ") && !text.starts_with(journal_text::title);
}

/// Returns the journal of the run to resume, or nothing for a new run. Throws `errc::invalid_argument` if
/// neither is possible. Existing results are not overwritten, and the files of another run are not used.
inline std::optional<batch_journal> decide_start(found_files const& found, batch_identity const& run,
                                                 bool resume)
{
    if (!found.journal_text) {
        check_unjournaled(found, run, resume);
        return std::nullopt;
    }
    auto const journal = "the journal '" + found.journal + "'";
    if (!resume)
        refuse_files("'" + found.output + "' is of a run that has not ended: resume that, or remove it and " +
                     journal);
    auto j = read_journal(*found.journal_text);
    if (!j && is_foreign_journal(*found.journal_text))
        refuse_files(journal + " is of another version of practicus; resume the run with that version");
    if (!j) refuse_files(journal + " is damaged: nothing can be resumed by it");
    check_same_run(journal, j->run, run);
    return j;
}

/// The file at the path of an earlier output.
struct found_file
{
    std::string path;
    /// The part of the size in the journal.
    file_extent extent;
    std::string identity;
    std::uint64_t size = 0;
};

/// Throws `errc::invalid_argument` unless a file begins as the journal records. The rest, which is cut off,
/// must be of the same run.
inline void check_file(journaled_file const& was, found_file const& is, std::string const& named)
{
    auto const end = was.extent.size;
    if (is.extent != was.extent) {
        auto const other = named.empty() || named == is.path ? "" : " (it was '" + named + "')";
        refuse_files("'" + is.path + "' is not the file that the run has written" + other + ": " +
                     (is.extent.size < end
                          ? "it has " + std::to_string(is.extent.size) + " bytes of " + std::to_string(end)
                          : "its first " + std::to_string(end) + " bytes are others"));
    }
    if (is.size <= end || is.identity == was.identity) return;
    auto const behind = std::to_string(is.size - end) + (is.size - end == 1 ? " byte" : " bytes");
    refuse_files("'" + is.path + "' has " + behind +
                 (end == 0
                      ? " that are not the run's: remove it first"
                      : " behind the " + std::to_string(end) +
                            " that the run has done, and is a file that it has not written: cut it there"));
}

}}} // namespace practicus::v1::detail
