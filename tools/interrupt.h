// interrupt: Ctrl-C asks a run to stop at the next good place.
//
// While an InterruptGuard lives, the first SIGINT or SIGTERM sets a flag; loops look at
// interrupt_requested() between steps, write their checkpoint and return. A second one ends the
// program at once with status 130 (SIGINT) or 143 (SIGTERM); files are written atomically, so
// nothing is left half-written. Signals belong to the process, so the flag does too.
#pragma once

#include <signal.h>
#include <string_view>

namespace gradvar {

// Whether a signal came since the outermost guard was made. Any thread.
[[nodiscard]] bool interrupt_requested() noexcept;
// 128 + the signal, the status to exit with after an orderly stop; 0 when none came.
[[nodiscard]] int interrupt_status() noexcept;
// Throws Stopped (tools/exit_status.h) with that status and `message` when one came.
void stop_if_interrupted(std::string_view message);

class InterruptGuard {
 public:
  // With `announce`, the first signal prints "stopping after this step; again to stop at once" on
  // standard error. Guards may nest; make and destroy them on one thread.
  // Throws std::runtime_error when the system refuses.
  explicit InterruptGuard(bool announce = true);
  // Brings back the handlers that were there before.
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

 private:
  struct sigaction old_interrupt_ {};
  struct sigaction old_terminate_ {};
  bool old_announce_;
};

}  // namespace gradvar
