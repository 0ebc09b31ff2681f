// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/content_coder.hpp>
#include <practicus/detail/base/result.hpp>
#include <practicus/detail/base/wipe.hpp>
#include <practicus/error.hpp>

#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <new>
#include <string>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// Appends the coded form of a piece. Fails with `errc::body_too_large` once `out` exceeds `limit` by a byte,
/// so a decompression bomb allocates no more. `secret`: `out` grows without leaving copies in freed memory.
inline failure transcode(content_coder& through, std::string_view in, bool last, std::string& out,
                         std::size_t limit, bool secret = false)
{
    constexpr std::size_t block = 64 * 1024;
    while (true) {
        auto const left = limit - std::min(limit, out.size());
        auto const room = left < block ? left + 1 : block;
        auto const before = out.size();
        if (secret) make_room(out, room);
        bool ended = false;
        if (auto why = through.step(in, last, out, room, ended)) return why;
        if (out.size() > limit) return make_failure(errc::body_too_large);
        if (ended || (in.empty() && out.size() - before < room)) return nullptr;
    }
}

inline failure broken(std::string const& encoding, char const* what)
{
    return make_failure(errc::malformed_response, "the " + encoding + " text " + what);
}

/// A `z_stream` and one step of it.
class zlib_stream
{
public:
    using call = int (*)(z_stream*, int);

    zlib_stream() = default;
    zlib_stream(zlib_stream const&) = delete;
    zlib_stream& operator=(zlib_stream const&) = delete;

    z_stream* get() noexcept { return &stream_; }

    /// Used by decoders: zlib's window holds the last decoded bytes, which may contain a token.
    void wipe_memory() noexcept
    {
        stream_.zalloc = [](void*, unsigned count, unsigned size) -> void* {
            auto const bytes = std::size_t{count} * size + header;
            auto* const at = static_cast<char*>(::operator new(bytes, std::nothrow));
            if (at == nullptr) return nullptr;
            std::memcpy(at, &bytes, sizeof bytes);
            return at + header;
        };
        stream_.zfree = [](void*, void* given) {
            auto* const at = static_cast<char*>(given) - header;
            std::size_t bytes = 0;
            std::memcpy(&bytes, at, sizeof bytes);
            wipe(at, bytes);
            ::operator delete(at);
        };
    }

    /// Runs `f` over as much of `in` as fits zlib's counters. Uses `flush` if that is all of it.
    int run(call f, int flush, std::string_view& in, std::string& out, std::size_t room)
    {
        constexpr std::size_t most = 1U << 30;
        auto const size = std::min(in.size(), most);
        auto const before = out.size();
        room = std::min(room, most);
        out.resize(before + room);
        // zlib does not write to it.
        stream_.next_in = const_cast<Bytef*>(reinterpret_cast<Bytef const*>(in.data()));
        stream_.avail_in = static_cast<uInt>(size);
        stream_.next_out = reinterpret_cast<Bytef*>(out.data() + before);
        stream_.avail_out = static_cast<uInt>(room);
        int const code = f(&stream_, size == in.size() ? flush : Z_NO_FLUSH);
        out.resize(before + room - stream_.avail_out);
        in.remove_prefix(size - stream_.avail_in);
        if (code == Z_MEM_ERROR) throw std::bad_alloc();
        return code;
    }

private:
    /// The offset of a block's data, after its size.
    static constexpr std::size_t header = alignof(std::max_align_t);

    z_stream stream_{};
};

class zlib_encoder final : public content_coder
{
public:
    zlib_encoder(int level, int window_bits)
    {
        if (deflateInit2(stream_.get(), level, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) != Z_OK)
            throw std::bad_alloc();
    }
    ~zlib_encoder() { ::deflateEnd(stream_.get()); }

    failure step(std::string_view& in, bool last, std::string& out, std::size_t room, bool& ended) override
    {
        ended = stream_.run(::deflate, last ? Z_FINISH : Z_NO_FLUSH, in, out, room) == Z_STREAM_END;
        return nullptr;
    }

private:
    zlib_stream stream_;
};

class zlib_decoder final : public content_coder
{
public:
    enum class format
    {
        gzip,
        zlib,
        deflate
    };

    zlib_decoder(std::string name, format f) : name_(std::move(name)), format_(f)
    {
        if (f != format::deflate) open(f == format::gzip ? MAX_WBITS + 16 : MAX_WBITS);
    }
    ~zlib_decoder()
    {
        if (open_) ::inflateEnd(stream_.get());
    }

    failure step(std::string_view& in, bool last, std::string& out, std::size_t room, bool& ended) override
    {
        if (!open_ && !decide(in)) return used_up(last);
        auto const full = out.size() + room;
        while (true) {
            if (ended_) {
                drop_padding(in);
                ended = last && is_used_up(in);
                if (is_used_up(in)) return nullptr;
                if (!begin_another()) return broken(name_, "goes on behind its end");
            }
            int const code = run(in, out, full - out.size());
            ended_ = code == Z_STREAM_END;
            if (ended_) continue;
            // Z_BUF_ERROR only means that no progress was possible.
            if (code != Z_OK && code != Z_BUF_ERROR) return broken(name_, "is broken");
            if (out.size() == full) return nullptr;
            if (is_used_up(in)) return used_up(last);
        }
    }

private:
    void open(int window_bits)
    {
        stream_.wipe_memory();
        if (inflateInit2(stream_.get(), window_bits) != Z_OK) throw std::bad_alloc();
        open_ = true;
    }

    /// Distinguishes zlib from raw deflate: a zlib header is a multiple of 31 and has method 8 (RFC 1950
    /// section 2.2).
    bool decide(std::string_view& in)
    {
        auto const taken = std::min(in.size(), 2 - head_.size());
        head_.append(in.substr(0, taken));
        in.remove_prefix(taken);
        if (head_.size() < 2) return false;
        auto const first = static_cast<unsigned char>(head_[0]);
        auto const second = static_cast<unsigned char>(head_[1]);
        bool const wrapped = (first & 15) == 8 && (first >> 4) <= 7 && (first * 256 + second) % 31 == 0;
        open(wrapped ? MAX_WBITS : -MAX_WBITS);
        return true;
    }

    bool is_used_up(std::string_view in) const noexcept { return in.empty() && head_.empty(); }

    /// Returns the result for input that ends within a member.
    failure used_up(bool last) const { return last ? broken(name_, "is cut") : nullptr; }

    int run(std::string_view& in, std::string& out, std::size_t room)
    {
        if (head_.empty()) return stream_.run(::inflate, Z_NO_FLUSH, in, out, room);
        std::string_view head = head_;
        int const code = stream_.run(::inflate, Z_NO_FLUSH, head, out, room);
        head_.erase(0, head_.size() - head.size());
        return code;
    }

    /// Drops zeros after the last member, as gzip(1) and Python do: tapes and disks pad their blocks.
    void drop_padding(std::string_view& in)
    {
        auto const zeros = std::min(in.find_first_not_of('\0'), in.size());
        if (format_ != format::gzip || zeros == 0) return;
        padded_ = true;
        in.remove_prefix(zeros);
    }

    /// Only gzip allows several members (RFC 1952 section 2.2).
    bool begin_another() noexcept
    {
        if (format_ != format::gzip || padded_) return false;
        ::inflateReset(stream_.get());
        ended_ = false;
        return true;
    }

    std::string name_;
    format format_;
    zlib_stream stream_;
    /// The first bytes, by which `deflate` is decided.
    std::string head_;
    bool open_ = false;
    bool ended_ = false;
    bool padded_ = false;
};

}}} // namespace practicus::v1::detail
