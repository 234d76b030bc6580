#include "autograd/lanes.h"

#include <stdexcept>
#include <string>
#include <system_error>

#include "autograd/blas.h"
#include "autograd/check.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace gradvar {

namespace {

// A step of a small network takes a tenth of a millisecond, about what the kernel needs to wake a
// thread, so a worker looks for new work this many times before it sleeps (some 20 microseconds).
constexpr int kSpins = 2000;

void pause_briefly() {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

// Wait until the atomic no longer holds `old`: first watching, then asleep.
template <class T>
void wait_while_equal(const std::atomic<T>& value, T old) {
  for (int spin = 0; spin < kSpins; ++spin) {
    if (value.load(std::memory_order_acquire) != old) return;
    pause_briefly();
  }
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

LanePool::LanePool(int threads) {
  check(threads >= 1 && threads <= 1024, "lanes",
        [&] { return std::to_string(threads) + " threads asked for, expected 1 to 1024"; });
  blas::use_one_thread();
  try {
    for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { work(); });
  } catch (const std::system_error& error) {
    const std::string started = std::to_string(workers_.size() + 1);
    stop();
    throw std::runtime_error("[lanes] " + started + " of " + std::to_string(threads) +
                             " threads could be started: " + error.what());
  }
}

LanePool::~LanePool() { stop(); }

void LanePool::stop() {
  stopping_.store(true);
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void LanePool::run(int count, const std::function<void(int)>& task) {
  failure_ = nullptr;
  job_ = {&task, count};
  next_.store(0, std::memory_order_relaxed);
  if (count > 1 && !workers_.empty()) {
    working_.store(static_cast<int>(workers_.size()), std::memory_order_relaxed);
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
    take_tasks(job_);
    for (int left; (left = working_.load(std::memory_order_acquire)) != 0;) {
      wait_while_equal(working_, left);
    }
  } else {
    take_tasks(job_);
  }
  if (failure_ != nullptr) std::rethrow_exception(failure_);
}

void LanePool::work() {
  std::uint64_t seen = 0;
  while (true) {
    wait_while_equal(round_, seen);
    seen = round_.load(std::memory_order_acquire);
    if (stopping_.load()) return;
    take_tasks(job_);
    if (working_.fetch_sub(1, std::memory_order_acq_rel) == 1) working_.notify_one();
  }
}

void LanePool::take_tasks(const Job& job) {
  for (int i; (i = next_.fetch_add(1, std::memory_order_relaxed)) < job.count;) {
    try {
      (*job.task)(i);
    } catch (...) {
      const std::lock_guard lock(failure_mutex_);
      if (failure_ == nullptr || i < failed_task_) {
        failure_ = std::current_exception();
        failed_task_ = i;
      }
    }
  }
}

LanePool::Range LanePool::piece(std::int64_t size, int parts, int i) {
  return {size * i / parts, size * (i + 1) / parts};
}

}  // namespace gradvar
