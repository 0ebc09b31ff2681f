// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/content_coder.hpp>
#include <practicus/detail/wire/zlib_coder.hpp>

#include <lz4frame.h>

#include <algorithm>
#include <cstddef>
#include <new>
#include <string>
#include <string_view>

namespace practicus { inline namespace v1 { namespace detail {

class lz4_encoder final : public content_coder
{
public:
    explicit lz4_encoder(int level)
    {
        settings_.compressionLevel = level;
        settings_.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
        if (LZ4F_isError(LZ4F_createCompressionContext(&context_, LZ4F_VERSION))) throw std::bad_alloc();
    }
    ~lz4_encoder() { LZ4F_freeCompressionContext(context_); }

    failure step(std::string_view& in, bool last, std::string& out, std::size_t room, bool& ended) override
    {
        while (true) {
            auto const n = std::min(room, made_.size() - given_);
            out.append(made_, given_, n);
            given_ += n;
            room -= n;
            ended = ended_ && given_ == made_.size();
            if (ended || given_ != made_.size()) return nullptr;
            if (room == 0 || (in.empty() && !last)) return nullptr;
            made_.clear();
            given_ = 0;
            make(in, last);
        }
    }

private:
    static constexpr std::size_t slice = 64 * 1024;

    void make(std::string_view& in, bool last)
    {
        made_.resize(LZ4F_HEADER_SIZE_MAX + LZ4F_compressBound(slice, &settings_));
        std::size_t n = 0;
        if (!begun_)
            n = LZ4F_compressBegin(context_, made_.data(), made_.size(), &settings_);
        else if (!in.empty())
            n = LZ4F_compressUpdate(context_, made_.data(), made_.size(), in.data(),
                                    std::min(slice, in.size()), nullptr);
        else
            n = LZ4F_compressEnd(context_, made_.data(), made_.size(), nullptr);
        if (LZ4F_isError(n)) throw std::bad_alloc();
        made_.resize(n);
        if (begun_) {
            ended_ = in.empty() && last;
            in.remove_prefix(std::min(slice, in.size()));
        }
        begun_ = true;
    }

    LZ4F_cctx* context_ = nullptr;
    LZ4F_preferences_t settings_{};
    std::string made_;
    std::size_t given_ = 0;
    bool begun_ = false;
    bool ended_ = false;
};

/// Decodes one or more consecutive frames.
class lz4_decoder final : public content_coder
{
public:
    lz4_decoder()
    {
        if (LZ4F_isError(LZ4F_createDecompressionContext(&context_, LZ4F_VERSION))) throw std::bad_alloc();
    }
    ~lz4_decoder() { LZ4F_freeDecompressionContext(context_); }

    failure step(std::string_view& in, bool last, std::string& out, std::size_t room, bool& ended) override
    {
        auto const before = out.size();
        out.resize(before + room);
        std::size_t given = 0;
        bool more = true;
        while (more && given != room && !(in.empty() && at_end_)) {
            auto n = room - given, taken = in.size();
            auto const hint =
                LZ4F_decompress(context_, out.data() + before + given, &n, in.data(), &taken, nullptr);
            if (LZ4F_isError(hint)) return broken("lz4", "is broken");
            given += n;
            in.remove_prefix(taken);
            at_end_ = hint == 0;
            more = n != 0 || taken != 0;
        }
        out.resize(before + given);
        if (given == room) return nullptr;
        if (last && !at_end_) return broken("lz4", "is cut");
        ended = last;
        return nullptr;
    }

private:
    LZ4F_dctx* context_ = nullptr;
    bool at_end_ = false;
};

}}} // namespace practicus::v1::detail
