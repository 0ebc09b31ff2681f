// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <string_view>

/// Completion scripts, generated from the definition of the command line.
namespace cli {

namespace detail {

/// The options that `is` holds for, each behind the one before and `between`.
template <class Is>
std::string option_words(CLI::App const& command, char const* between, Is is)
{
    std::string words;
    for (auto const* option : command.get_options())
        for (auto const& name : option->get_lnames())
            if (is(*option)) words.append(words.empty() ? "" : between).append("--").append(name);
    return words;
}

inline std::string option_words(CLI::App const& command)
{
    return option_words(command, " ", [](CLI::Option const&) { return true; });
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

/// The completion of an option's value.
inline std::string zsh_value(CLI::Option const& option)
{
    if (!takes_value(option)) return {};
    auto const type = option.get_type_name();
    if (type == "FORMAT") return ":format:(table csv json)";
    if (option.check_lname("encoding")) return ":encoding:(gzip zlib deflate lz4)";
    if (type == "KEY") return ":region:_practicus_regions";
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

/// Patterns of the options, of all commands, that `is` holds for.
template <class Is>
std::string option_patterns(CLI::App const& app, Is is)
{
    auto patterns = option_words(app, " | ", is);
    for (auto const* command : app.get_subcommands({}))
        if (auto const own = option_words(*command, " | ", is); !own.empty()) patterns += " | " + own;
    return patterns;
}

inline std::string type_patterns(CLI::App const& app, std::string const& type)
{
    return option_patterns(app, [&](CLI::Option const& o) { return o.get_type_name() == type; });
}

} // namespace detail

inline std::string bash_completion(CLI::App const& app)
{
    std::string cases;
    for (auto const* command : app.get_subcommands({}))
        cases += "    " + command->get_name() + ") words+=\" " + detail::option_words(*command) + "\" ;;\n";
    return R"sh(# Completes the command line of practicus in bash.

# Offers the words that begin like `current`. Readline replaces only what stands behind the last character that it cuts
# words at.
_practicus_offer() {
    local current=$1 breaks="" cut="" word
    shift
    for word in @ : =; do [[ $COMP_WORDBREAKS != *"$word"* ]] || breaks+=$word; done
    [ -z "$breaks" ] || cut=${current%"${current##*[$breaks]}"}
    # "@" is replaced too.
    cut=${cut%@}
    for word; do
        [[ $word != "$current"* ]] || COMPREPLY+=("$(printf %q "${word#"$cut"}")")
    done
    # No names of files instead.
    compopt +o default 2>/dev/null
}

# Sets `line` to the words before the cursor, which end at blanks, as COMP_WORDS does not: it is cut at ":" too.
_practicus_split() {
    local text=${COMP_LINE:0:COMP_POINT} rest i
    line=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        rest=${text#"${text%%[![:blank:]]*}"}
        [ $i != $COMP_CWORD ] || COMP_WORDS[i]=$rest
        if [ $i = 0 ] || [ "$rest" != "$text" ]; then
            line+=("${COMP_WORDS[i]}")
        else
            line[${#line[@]} - 1]+=${COMP_WORDS[i]}
        fi
        text=${rest#"${COMP_WORDS[i]}"}
    done
}

_practicus_regions() {
    local keys
    mapfile -t keys < <("${line[0]/#\~/$HOME}" regions --output csv 2>/dev/null | sed '1d; s/,.*//')
    _practicus_offer "$1" "${keys[@]}"
}

_practicus() {
    local line command="" option="" words i current
    COMPREPLY=()
    _practicus_split
    current=${line[${#line[@]} - 1]}
    for ((i = 1; i < ${#line[@]} - 1; i++)); do
        option=""
        case ${line[i]} in
        )sh" +
           detail::option_patterns(app, detail::takes_value) + R"sh()
            # Its value is no command.
            option=${line[i]}
            i=$((i + 1))
            ;;
        -*) ;;
        *) command=${command:-${line[i]}} ;;
        esac
    done
    # A value that is there already.
    [ $i = ${#line[@]} ] || option=""
    case $current in
    --*=*) option=${current%%=*} current=${current#*=} ;;
    esac
    case $option in
    "") ;;
    --output) _practicus_offer "$current" table csv json; return ;;
    --encoding) _practicus_offer "$current" gzip zlib deflate lz4; return ;;
    )sh" + detail::type_patterns(app, "KEY") +
           R"sh() _practicus_regions "$current"; return ;;
    )sh" + detail::type_patterns(app, "FILE") +
           R"sh() return ;;
    *) _practicus_offer "$current"; return ;;
    esac
    words=")sh" +
           detail::option_words(app) + R"sh("
    case $command in
    "") words+=" )sh" +
           detail::command_words(app) + R"sh(" ;;
)sh" + cases +
           R"sh(    esac
    case $command,$current in
    ,* | *,-*) _practicus_offer "$current" $words ;;
    predict,*) ;;
    completion,*) _practicus_offer "$current" bash zsh ;;
    logout,*) _practicus_regions "$current" ;;
    *) _practicus_offer "$current" ;;
    esac
}
complete -o default -F _practicus practicus
)sh";
}

inline std::string zsh_completion(CLI::App const& app)
{
    std::string commands, cases;
    for (auto const* command : app.get_subcommands({})) {
        auto const& name = command->get_name();
        commands += "        '" + name + ':' + detail::zsh_text(command->get_description()) + "'\n";
        auto const rest = name == "completion" ? " '1:shell:(bash zsh)'"
                          : name == "logout"   ? " '1:region:_practicus_regions'"
                                               : " '*:file:_files'";
        cases += "            " + name + ") _arguments" + detail::zsh_options(*command) +
                 detail::zsh_options(app, command) + rest + " ;;\n";
    }
    return R"sh(#compdef practicus
# Completes the command line of practicus in zsh.
_practicus_regions() {
    local -a keys
    keys=(${${${(f)"$(_call_program regions practicus regions --output csv 2>/dev/null)"}[2,-1]}%%,*})
    compadd -a keys
}

_practicus() {
    local -a commands
    local context state state_descr line
    commands=(
)sh" + commands +
           R"sh(    )
    _arguments -C)sh" +
           detail::zsh_options(app) + R"sh( '1:command:->command' '*::argument:->argument'
    case $state in
        command) _describe command commands ;;
        argument)
            case $words[1] in
)sh" + cases +
           R"sh(            esac
            ;;
    esac
}
_practicus "$@"
)sh";
}

} // namespace cli
