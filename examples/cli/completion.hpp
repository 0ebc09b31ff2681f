// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <string_view>

/// Scripts that complete a command line, made from the command line itself: what it knows, they know.
namespace cli {

namespace detail {

inline std::string option_words(CLI::App const& command)
{
    std::string words;
    for (auto const* option : command.get_options())
        for (auto const& name : option->get_lnames())
            words += "--" + name + ' ';
    return words;
}

inline std::string command_words(CLI::App const& app)
{
    std::string words;
    for (auto const* command : app.get_subcommands({}))
        words += command->get_name() + ' ';
    return words;
}

/// For a text in single quotes, and in brackets of zsh's `_arguments`.
inline std::string zsh_text(std::string_view text)
{
    std::string out;
    for (char const c : text) {
        if (c == '\'')
            out += "'\\''";
        else if (c == '[' || c == ']' || c == ':')
            out.append("\\").append(1, c);
        else
            out += c;
    }
    return out;
}

/// A flag does not.
inline bool takes_value(CLI::Option const& option)
{
    return option.get_type_size() != 0 && option.get_expected_max() != 0;
}

/// What stands behind an option.
inline std::string zsh_value(CLI::Option const& option)
{
    if (!takes_value(option)) return {};
    auto const type = option.get_type_name();
    if (type == "FORMAT") return ":format:(table csv json)";
    if (option.check_lname("encoding")) return ":encoding:(gzip zlib deflate lz4)";
    return type == "FILE" ? ":file:_files" : ":" + type + ":";
}

/// `known`: a command whose options of the same names stand there already.
inline std::string zsh_options(CLI::App const& command, CLI::App const* known = nullptr)
{
    std::string text;
    for (auto const* option : command.get_options())
        for (auto const& name : option->get_lnames())
            if (known == nullptr || known->get_option_no_throw("--" + name) == nullptr)
                text += " '--" + name + '[' + zsh_text(option->get_description()) + ']' + zsh_value(*option) +
                        '\'';
    return text;
}

inline std::string value_options(CLI::App const& command)
{
    std::string words;
    for (auto const* option : command.get_options())
        for (auto const& name : option->get_lnames())
            if (takes_value(*option)) words += "--" + name + ' ';
    return words;
}

} // namespace detail

inline std::string bash_completion(CLI::App const& app)
{
    std::string cases;
    for (auto const* command : app.get_subcommands({}))
        cases += "    " + command->get_name() + ") words=\"$words " + detail::option_words(*command) +
                 (command->get_name() == "completion" ? "bash zsh " : "") + "\" ;;\n";
    return R"(# Completes the command line of practicus in bash.
_practicus() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command= word words i
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        # Not what stands behind an option.
        case " = )" +
           detail::value_options(app) + R"(" in *" ${COMP_WORDS[i - 1]} "*) continue ;; esac
        for word in )" +
           detail::command_words(app) + R"(; do
            [ "${COMP_WORDS[i]}" != "$word" ] || [ -n "$command" ] || command=$word
        done
    done
    case $previous in
    --output) COMPREPLY=($(compgen -W "table csv json" -- "$current")) && return ;;
    --encoding) COMPREPLY=($(compgen -W "gzip zlib deflate lz4" -- "$current")) && return ;;
    esac
    words=")" +
           detail::option_words(app) + R"("
    case $command in
    "") words="$words )" +
           detail::command_words(app) + R"(" ;;
)" + cases +
           R"(    esac
    if [ -z "$command" ] || [ "$command" = completion ] || [ "${current:0:1}" = - ]; then
        COMPREPLY=($(compgen -W "$words" -- "$current"))
    else
        COMPREPLY=($(compgen -f -- "$current"))
    fi
}
complete -o filenames -F _practicus practicus
)";
}

inline std::string zsh_completion(CLI::App const& app)
{
    std::string commands, cases;
    for (auto const* command : app.get_subcommands({})) {
        auto const& name = command->get_name();
        commands += "        '" + name + ':' + detail::zsh_text(command->get_description()) + "'\n";
        auto const rest = name == "completion" ? " '1:shell:(bash zsh)'" : " '*:file:_files'";
        cases += "            " + name + ") _arguments" + detail::zsh_options(*command) +
                 detail::zsh_options(app, command) + rest + " ;;\n";
    }
    return R"(#compdef practicus
# Completes the command line of practicus in zsh.
_practicus() {
    local -a commands
    local context state state_descr line
    commands=(
)" + commands +
           R"(    )
    _arguments -C)" +
           detail::zsh_options(app) + R"( '1:command:->command' '*::argument:->argument'
    case $state in
        command) _describe command commands ;;
        argument)
            case $words[1] in
)" + cases +
           R"(            esac
            ;;
    esac
}
_practicus "$@"
)";
}

} // namespace cli
