// refusal_of: the sentence of the std::invalid_argument that a call throws.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>

namespace gradvar::testing {

inline std::string refusal_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "nothing was refused";
}

}  // namespace gradvar::testing
