// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// Reserved memory for one object at a time, for allocations that must not fail. Thread safety: full.
class reserved_memory
{
public:
    static constexpr std::size_t size = 320;

    reserved_memory() = default;
    reserved_memory(reserved_memory const&) = delete;
    reserved_memory& operator=(reserved_memory const&) = delete;

    /// Returns the memory, or null if it is in use or too small.
    void* take(std::size_t wanted) noexcept
    {
        if (wanted > size || taken_.exchange(true, std::memory_order_acquire)) return nullptr;
        return room_;
    }

    /// Releases the memory. Returns false if `p` is not from here.
    bool give_back(void* p) noexcept
    {
        if (p != room_) return false;
        taken_.store(false, std::memory_order_release);
        return true;
    }

private:
    alignas(std::max_align_t) std::byte room_[size];
    std::atomic<bool> taken_{false};
};

/// Allocates from a reserve, or from the heap while that is in use.
template <class T>
class reserved_allocator
{
public:
    using value_type = T;

    explicit reserved_allocator(std::shared_ptr<reserved_memory> from) noexcept : from_(std::move(from)) {}
    template <class U>
    reserved_allocator(reserved_allocator<U> const& other) noexcept : from_(other.from())
    {}

    T* allocate(std::size_t n)
    {
        void* const p = from_->take(n * sizeof(T));
        return static_cast<T*>(p != nullptr ? p : ::operator new(n * sizeof(T)));
    }

    void deallocate(T* p, std::size_t) noexcept
    {
        if (!from_->give_back(p)) ::operator delete(p);
    }

    std::shared_ptr<reserved_memory> const& from() const noexcept { return from_; }

    template <class U>
    bool operator==(reserved_allocator<U> const& other) const noexcept
    {
        return from_ == other.from();
    }

private:
    std::shared_ptr<reserved_memory> from_;
};

}}} // namespace practicus::v1::detail
