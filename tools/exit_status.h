// exit_status: how the program ends.
#pragma once

#include <stdexcept>
#include <string>

namespace gradvar {

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;    // a run that could not go on: a number that is not finite, ...
inline constexpr int kBadInput = 2;  // what was asked for, or what a disk would not take
// After Ctrl-C or SIGTERM it is 128 + the signal (tools/interrupt.h): 130 or 143.

// Ends the program with a message and a status, from any depth.
class Stopped : public std::runtime_error {
 public:
  Stopped(int exit_status, const std::string& message)
      : std::runtime_error(message), status(exit_status) {}
  int status;
};

}  // namespace gradvar
