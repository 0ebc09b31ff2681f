// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/ascii.hpp>
#include <practicus/detail/ini_file.hpp>
#include <practicus/detail/wipe.hpp>
#include <practicus/error.hpp>

#include <boost/property_tree/ini_parser.hpp>
#include <boost/property_tree/ptree.hpp>

#include <algorithm>
#include <istream>
#include <streambuf>
#include <string>
#include <utility>

namespace practicus::inline v1::detail {

PRACTICUS_DECL void ini_file::read(std::string& text)
{
    struct view_buffer : std::streambuf
    {
        explicit view_buffer(std::string& all) { setg(all.data(), all.data(), all.data() + all.size()); }
    };

    auto const names = check(text);
    boost::property_tree::ptree tree;
    try {
        view_buffer buffer(text);
        std::istream in(&buffer);
        boost::property_tree::read_ini(in, tree);
    } catch (boost::property_tree::ini_parser_error const& e) {
        throw error(errc::file_error, "'" + path_ + "' can not be understood, line " +
                                          std::to_string(e.line()) + ": " + e.message());
    }
    // The parser knows no empty ones.
    for (auto const& name : names) {
        ini_section s(name);
        if (auto found = tree.find(name); found != tree.not_found())
            for (auto& [key, leaf] : found->second) {
                auto lower = key;
                std::transform(lower.begin(), lower.end(), lower.begin(), to_lower);
                s.set(lower, leaf.data());
                wipe(leaf.data().data(), leaf.data().size());
            }
        sections_.push_back(std::move(s));
    }
}

} // namespace practicus::inline v1::detail
