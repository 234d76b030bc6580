// exit_status: how the program ends.
#pragma once

#include <stdexcept>
#include <string>

namespace gradvar {

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kBadInput = 2;
inline constexpr int kInterrupted = 130;

// Ends the program with a message and a status, from any depth.
class Stopped : public std::runtime_error {
 public:
  Stopped(int exit_status, const std::string& message)
      : std::runtime_error(message), status(exit_status) {}
  int status;
};

}  // namespace gradvar
