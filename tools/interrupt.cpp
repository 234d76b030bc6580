#include "tools/interrupt.h"

#include <atomic>
#include <cerrno>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unistd.h>

#include "tools/exit_status.h"

namespace gradvar {

namespace {

// All that a handler may touch: atomics without locks.
std::atomic<int> received{0};
std::atomic<bool> announcing{false};
int guards = 0;
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

// Only async-signal-safe calls: write and _exit.
void on_signal(int signal) {
  const int saved = errno;
  int none = 0;
  if (!received.compare_exchange_strong(none, signal)) _exit(128 + signal);
  if (announcing.load()) {
    constexpr std::string_view kText = "\nstopping after this step; again to stop at once\n";
    [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, kText.data(), kText.size());
  }
  errno = saved;
}

}  // namespace

bool interrupt_requested() noexcept { return received.load(std::memory_order_relaxed) != 0; }

int interrupt_status() noexcept {
  const int signal = received.load();
  return signal == 0 ? 0 : 128 + signal;
}

void stop_if_interrupted(std::string_view message) {
  if (interrupt_requested()) throw Stopped(interrupt_status(), std::string(message));
}

InterruptGuard::InterruptGuard(bool announce) : old_announce_(announcing.exchange(announce)) {
  if (guards == 0) received = 0;
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;  // reads and writes under way go on
  sigemptyset(&action.sa_mask);
  if (sigaction(SIGINT, &action, &old_interrupt_) != 0) {
    throw std::runtime_error("[interrupt] the system refused a handler for SIGINT");
  }
  if (sigaction(SIGTERM, &action, &old_terminate_) != 0) {
    sigaction(SIGINT, &old_interrupt_, nullptr);
    throw std::runtime_error("[interrupt] the system refused a handler for SIGTERM");
  }
  ++guards;
}

InterruptGuard::~InterruptGuard() {
  sigaction(SIGINT, &old_interrupt_, nullptr);
  sigaction(SIGTERM, &old_terminate_, nullptr);
  announcing = old_announce_;
  --guards;
}

}  // namespace gradvar
