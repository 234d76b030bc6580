#include "tools/limits.h"

#include <cstdio>
#include <stdexcept>

#include "tools/machine.h"

namespace gradvar {

namespace {

// Where the system does not say how much there is.
constexpr double kSomeMemory = 1e12;

double memory() {
  static const auto bytes = static_cast<double>(describe_machine().memory);
  return bytes > 0 ? bytes : kSomeMemory;
}

}  // namespace

std::string bytes_text(double bytes) {
  if (!(bytes < 1e21)) return "more than 999 EB";
  const char* unit = "bytes";
  for (const char* larger : {"kB", "MB", "GB", "TB", "PB", "EB"}) {
    if (bytes < 999.5) break;
    bytes /= 1000;
    unit = larger;
  }
  char text[64];
  std::snprintf(text, sizeof text, "%.3g %s", bytes, unit);
  return text;
}

bool fits_memory(double bytes) { return bytes <= memory(); }

void check_memory(const std::string& where, const std::string& what, double bytes) {
  if (fits_memory(bytes)) return;
  throw std::invalid_argument(where + " " + what + " take " + bytes_text(bytes) +
                              ", this machine has " + bytes_text(memory()));
}

}  // namespace gradvar
