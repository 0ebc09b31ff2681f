// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/wipe.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// The received bytes of a response that are not parsed yet. Wiped at its end, as they may hold a secret.
class input_buffer
{
public:
    /// Begins a response. `secret`: its body may hold a secret; its head may in any case.
    void begin(bool secret)
    {
        secret_ = secret;
        held_ = head_ = dirty_ = 0;
        // The next response may well be as long as the last one.
        auto const expected = std::clamp(std::exchange(received_, 0), small_buffer, large_buffer);
        if (size_ < expected) resize(expected);
    }

    bool empty() const noexcept { return held_ == 0; }
    std::string_view view() const noexcept { return {bytes_.get(), held_}; }

    /// The room for the next read.
    char* room() const noexcept { return bytes_.get() + held_; }
    std::size_t room_size() const noexcept { return size_ - held_; }

    /// Adds `n` bytes that were read into the room. `in_head`: they begin within the head.
    void add(std::size_t n, bool in_head) noexcept
    {
        received_ += n;
        held_ += n;
        dirty_ = std::max(dirty_, held_);
        if (in_head) head_ = std::max(head_, held_);
        filled_ = held_ == size_;
    }

    /// Removes parsed bytes.
    void remove(std::size_t n) noexcept
    {
        if (n != held_) std::copy_n(bytes_.get() + n, held_ - n, bytes_.get());
        held_ -= n;
    }

    /// Provides room for the next read: more for a response with `left` bytes to come, or one that filled it.
    void grow(std::uint64_t left)
    {
        auto size = filled_ || held_ == size_ ? 2 * size_ : size_;
        size = static_cast<std::size_t>(std::max<std::uint64_t>(size, left));
        // A line may need more; it has a limit of its own.
        size = std::max(std::min(size, large_buffer), held_ == size_ ? 2 * size_ : size_);
        if (size != size_) resize(size);
        filled_ = false;
    }

    /// Wipes the buffer. Releases its memory if `release`, or if it is large.
    void end(bool release) noexcept
    {
        wipe_bytes(dirty_);
        if (!release && size_ <= small_buffer) return;
        bytes_.reset();
        size_ = 0;
    }

private:
    static constexpr std::size_t small_buffer = 8 * 1024;
    static constexpr std::size_t large_buffer = 64 * 1024;

    /// Moves the input to a larger buffer and wipes the old one.
    void resize(std::size_t size)
    {
        auto larger = std::make_unique_for_overwrite<char[]>(size);
        std::copy_n(bytes_.get(), held_, larger.get());
        wipe_bytes(size_);
        bytes_.swap(larger);
        size_ = size;
    }

    void wipe_bytes(std::size_t used) noexcept
    {
        wipe(bytes_.get(), std::min({used, size_, secret_ ? size_ : head_}));
    }

    // Not a vector: that would fill it with zeros first.
    std::unique_ptr<char[]> bytes_;
    std::size_t size_ = 0;
    std::size_t held_ = 0;
    /// The size of the filled part: by this response, and by its head.
    std::size_t dirty_ = 0;
    std::size_t head_ = 0;
    /// The bytes of this response, or of the last one.
    std::size_t received_ = 0;
    bool secret_ = true;
    bool filled_ = false;
};

}}} // namespace practicus::v1::detail
