// number: numbers as a paper prints them.
//
// The result is markup (markup.h): "1.76 × 10^{−6}". Minus is U+2212, groups of thousands are set
// apart by a narrow space from 10 000 on, NaN is "NaN", infinity "∞". Independent of the locale.
#pragma once

#include <cstdint>
#include <string>

namespace gradvar::report {

// `digits` significant digits, trailing zeros kept: (0.0034, 3) is "0.00340". Digits before the
// decimal point are never rounded away: (12345.6, 3) is "12 346". Scientific below 0.001 and from
// 100 000 on.
// Throws std::invalid_argument unless 1 <= digits <= 17; so do the others.
[[nodiscard]] std::string format_number(double value, int digits = 3);

// "15 000".
[[nodiscard]] std::string format_integer(std::int64_t value);

// The spread to `digits` significant digits and the value to the same place: (34.27, 7.543) is
// "34.3 ± 7.5"; (1.758e-6, 3e-8) is "(1.758 ± 0.030) × 10^{−6}".
[[nodiscard]] std::string format_plus_minus(double value, double spread, int digits = 2);

// Both ends to the same place, which gives the width `digits` significant digits: (0.1234, 0.5678)
// is "[0.12, 0.57]"; (1e-6, 3e-6) is "[1.0, 3.0] × 10^{−6}".
[[nodiscard]] std::string format_interval(double low, double high, int digits = 2);

// "0.84 s", "42 s", "3 min 05 s", "2 h 07 min", "3 d 04 h".
[[nodiscard]] std::string format_duration(double seconds);

// "15.6 GiB"; "512 B".
[[nodiscard]] std::string format_bytes(std::uint64_t bytes);

}  // namespace gradvar::report
