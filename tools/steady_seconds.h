// steady_seconds: the time of a clock that only goes forwards, to measure how long things take.
#pragma once

#include <chrono>

namespace gradvar {

[[nodiscard]] inline double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace gradvar
