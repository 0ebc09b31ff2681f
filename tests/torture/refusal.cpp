// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "refusal.hpp"

#include "catch.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

#include <dlfcn.h>
#include <execinfo.h>

namespace {

thread_local refusal* current = nullptr;

/// Functions in which Asio does not survive a failure; asio_alone.cpp shows each.
struct excepted
{
    char const* begins;
    char const* holds;
};

constexpr excepted functions[] = {
    // A destructor that posts what is left of a coroutine, after an initiation that threw.
    {"_ZN5boost4asio6detail16awaitable_threadI", "EED"},
    // A destructor that posts the strand's next turn.
    {"_ZN5boost4asio6detail23strand_executor_service7invokerI", "15on_invoker_exitD"},
    // A noexcept constructor that requires a work-counting executor.
    {"_ZN5boost4asio19executor_work_guardI", ""},
    // The same for each operation of a timer or a socket.
    {"_ZN5boost4asio6detail17handler_work_baseI", "EC1E"},
    {"_ZN5boost4asio6detail17handler_work_baseI", "EC2E"},
    // A strand that fails to schedule keeps its handlers, and is never scheduled again.
    {"_ZN5boost4asio6detail23strand_executor_service", "do_execute"},
    // An incomplete strand is destroyed through an uninitialised pointer.
    {"_ZN5boost4asio6detail23strand_executor_service", "create_implementation"},
};

bool is_mortal(void* address) noexcept
{
    Dl_info info;
    if (::dladdr(address, &info) == 0 || info.dli_sname == nullptr) return false;
    std::string_view const name = info.dli_sname;
    for (auto const& e : functions)
        if (name.starts_with(e.begins) && name.find(e.holds) != name.npos) return true;
    return false;
}

/// Caches the result by address, because looking up a function's name is slow.
bool is_known_mortal(void* address) noexcept
{
    static std::atomic<std::uintptr_t> known[1 << 16];
    auto const key = reinterpret_cast<std::uintptr_t>(address) << 1;
    auto& entry = known[(key * 0x9E3779B97F4A7C15u) >> 48];
    auto const found = entry.load(std::memory_order_relaxed);
    if ((found & ~std::uintptr_t{1}) == key) return (found & 1) != 0;
    bool const result = is_mortal(address);
    entry.store(key | (result ? 1 : 0), std::memory_order_relaxed);
    return result;
}

bool fails() noexcept
{
    if (current == nullptr) return false;
    auto* const asked = std::exchange(current, nullptr);
    bool const result = asked->refuses() && !(asked->spares_asio && in_mortal_asio());
    current = asked;
    return result;
}

void* allocate(std::size_t size)
{
    void* const p = fails() ? nullptr : std::malloc(size == 0 ? 1 : size);
    if (p == nullptr) throw std::bad_alloc();
    // An entry that is not written yet holds no address.
    return std::memset(p, 0x55, size);
}

} // namespace

bool in_mortal_asio() noexcept
{
    void* frames[64];
    int const depth = ::backtrace(frames, 64);
    return std::any_of(frames, frames + depth, is_known_mortal);
}

refusal::scope::scope(refusal& r) noexcept
{
    current = &r;
}

refusal::scope::~scope()
{
    current = nullptr;
}

bool refusal::refuses() noexcept
{
    auto const n = calls_++;
    if (n < first_ || n - first_ >= count_) return false;
    begun_ = true;
    if (is_endless()) return false;
    ++refused_;
    return true;
}

void* operator new(std::size_t size)
{
    return allocate(size);
}

void* operator new[](std::size_t size)
{
    return allocate(size);
}

void* operator new(std::size_t size, std::nothrow_t const&) noexcept
{
    return fails() ? nullptr : std::malloc(size == 0 ? 1 : size);
}

void operator delete(void* p) noexcept
{
    std::free(p);
}

void operator delete(void* p, std::size_t) noexcept
{
    std::free(p);
}

void operator delete[](void* p) noexcept
{
    std::free(p);
}

void operator delete[](void* p, std::size_t) noexcept
{
    std::free(p);
}

// Asio's frames and handlers come from here; the linker is told so (`--wrap`).
extern "C" void* __real_aligned_alloc(std::size_t alignment, std::size_t size) noexcept;
extern "C" void* __wrap_aligned_alloc(std::size_t alignment, std::size_t size) noexcept;

extern "C" void* __wrap_aligned_alloc(std::size_t alignment, std::size_t size) noexcept
{
    return fails() ? nullptr : __real_aligned_alloc(alignment, size);
}

TEST_CASE("torture: memory is refused where it shall be, and nowhere else")
{
    refusal r(1, 2);
    int failed = 0;
    for (int i = 0; i != 5; ++i) {
        bool fails = false;
        {
            refusal::scope const here(r);
            try {
                void* volatile const p = ::operator new(10);
                ::operator delete(p);
            } catch (std::bad_alloc const&) {
                fails = true;
            }
        }
        CHECK(fails == (i == 1 || i == 2));
        failed += fails ? 1 : 0;
        void* volatile const p = ::operator new(10);
        ::operator delete(p);
    }
    CHECK(failed == 2);
    CHECK(r.has_begun());
    CHECK_FALSE(r.is_endless());
}
