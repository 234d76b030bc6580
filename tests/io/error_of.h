// error_of: the sentence an action refuses with.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>

namespace gradvar::testing {

// What the std::invalid_argument says; "no error" when nothing is thrown. Other exceptions pass.
inline std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace gradvar::testing
