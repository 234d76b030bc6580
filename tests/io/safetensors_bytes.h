// safetensors_bytes: a file of the format put together by hand.
#pragma once

#include <cstdint>
#include <string>

namespace gradvar::testing {

// Eight bytes, little-endian.
inline std::string length_bytes(std::uint64_t length) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>((length >> (8 * i)) & 0xFF);
  return bytes;
}

inline std::string safetensors_bytes(const std::string& header, const std::string& data) {
  return length_bytes(header.size()) + header + data;
}

}  // namespace gradvar::testing
