#include "tools/report/number.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "autograd/check.h"

namespace gradvar::report {

namespace {

constexpr const char* kMinus = "−";
constexpr const char* kGroup = "\u202f";  // narrow no-break space
constexpr int kSmallestPlain = -3;        // 0.001 is the smallest written without a power of ten
constexpr int kLargestPlain = 5;          // 100 000 is the first written with one

std::string with_minus(std::string text) {
  if (!text.empty() && text.front() == '-') text.replace(0, 1, kMinus);
  return text;
}

// Digits in groups of three before the decimal point, when there are five or more.
std::string grouped(const std::string& text) {
  const std::size_t begin = text.front() == '-' ? 1 : 0;
  const std::size_t end = std::min(text.find('.'), text.size());
  if (end - begin < 5) return text;
  std::string out = text.substr(0, begin);
  for (std::size_t i = begin; i < end; ++i) {
    if (i > begin && (end - i) % 3 == 0) out += kGroup;
    out += text[i];
  }
  return out + text.substr(end);
}

std::string fixed(double value, int decimals) {
  std::array<char, 512> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                    std::chars_format::fixed, std::max(decimals, 0));
  std::string text(buffer.data(), result.ptr);
  // "-0.00" says nothing that "0.00" does not.
  if (text.front() == '-' && text.find_first_not_of("-0.") == std::string::npos) text.erase(0, 1);
  return with_minus(grouped(text));
}

// The power of ten of the first digit, after rounding to `digits` of them; 0 for 0.
int exponent_of(double value, int digits) {
  std::array<char, 64> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::abs(value),
                                    std::chars_format::scientific, digits - 1);
  const std::string text(buffer.data(), result.ptr);
  return std::stoi(text.substr(text.find('e') + 1));
}

bool plain(int exponent) { return exponent >= kSmallestPlain && exponent < kLargestPlain; }

std::string times_power(int exponent) {
  return " × 10^{" + with_minus(std::to_string(exponent)) + "}";
}

// In two steps where 10^-exponent itself would overflow.
double scaled(double value, int exponent) {
  if (exponent < -300) return value * 1e300 * std::pow(10.0, -exponent - 300);
  return exponent < 0 ? value * std::pow(10.0, -exponent) : value / std::pow(10.0, exponent);
}

void check_digits(const char* where, int digits) {
  check(digits >= 1 && digits <= 17, where,
        "digits is " + std::to_string(digits) + ", expected 1 to 17");
}

std::string pair_of_digits(std::int64_t value) {
  return (value < 10 ? "0" : "") + std::to_string(value);
}

}  // namespace

std::string format_number(double value, int digits) {
  check_digits("format_number", digits);
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "∞" : std::string(kMinus) + "∞";
  if (value == 0) return "0";
  const int exponent = exponent_of(value, digits);
  if (plain(exponent)) return fixed(value, digits - 1 - exponent);
  return fixed(scaled(value, exponent), digits - 1) + times_power(exponent);
}

std::string format_integer(std::int64_t value) {
  return with_minus(grouped(std::to_string(value)));
}

std::string format_plus_minus(double value, double spread, int digits) {
  check_digits("format_plus_minus", digits);
  if (spread < 1e-14 * std::abs(value)) spread = 0;  // the rounding of equal values' mean
  if (!std::isfinite(value) || !std::isfinite(spread) || spread <= 0) {
    return format_number(value, digits + 1) + " ± " + format_number(spread, digits);
  }
  const int exponent = exponent_of(std::max(std::abs(value), spread), digits);
  const int place = exponent_of(spread, digits) - digits + 1;
  if (plain(exponent)) return fixed(value, -place) + " ± " + fixed(spread, -place);
  return "(" + fixed(scaled(value, exponent), exponent - place) + " ± " +
         fixed(scaled(spread, exponent), exponent - place) + ")" + times_power(exponent);
}

std::string format_interval(double low, double high, int digits) {
  check_digits("format_interval", digits);
  const auto bracket = [](const std::string& a, const std::string& b) {
    return "[" + a + ", " + b + "]";
  };
  const double largest = std::max(std::abs(low), std::abs(high));
  if (!std::isfinite(low) || !std::isfinite(high) || largest == 0) {
    return bracket(format_number(low, digits), format_number(high, digits));
  }
  const double width = high > low ? high - low : largest;
  const int exponent = exponent_of(largest, digits);
  // No finer than 17 digits of the larger end, where the rest is rounding.
  const int place = std::max(exponent_of(width, digits) - digits + 1, exponent - 16);
  if (plain(exponent)) return bracket(fixed(low, -place), fixed(high, -place));
  return bracket(fixed(scaled(low, exponent), exponent - place),
                 fixed(scaled(high, exponent), exponent - place)) +
         times_power(exponent);
}

std::string format_duration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return "unknown";
  if (seconds < 9.95) return fixed(seconds, seconds < 0.995 ? 2 : 1) + " s";
  if (seconds >= 1e15) return "for ever";
  const std::int64_t whole = std::llround(seconds);
  if (whole < 60) return std::to_string(whole) + " s";
  if (whole < 3600) {
    return std::to_string(whole / 60) + " min " + pair_of_digits(whole % 60) + " s";
  }
  const std::int64_t minutes = (whole + 30) / 60;
  if (minutes < std::int64_t{24 * 60}) {
    return std::to_string(minutes / 60) + " h " + pair_of_digits(minutes % 60) + " min";
  }
  const std::int64_t hours = (minutes + 30) / 60;
  return std::to_string(hours / 24) + " d " + pair_of_digits(hours % 24) + " h";
}

std::string format_bytes(std::uint64_t bytes) {
  if (bytes < 1024) return std::to_string(bytes) + " B";
  static constexpr std::array<const char*, 6> kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 1023.95 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fixed(value, value < 99.95 ? 1 : 0) + " " + kUnits[unit];
}

}  // namespace gradvar::report
