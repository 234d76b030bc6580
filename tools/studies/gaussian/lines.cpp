#include "tools/studies/gaussian/lines.h"

#include <algorithm>
#include <cmath>

namespace gradvar::gaussian {

Approach nearest_at_one_time(const LinePair& lines) {
  double aa = 0, ab = 0, bb = 0;  // a = p - r, b = q - s
  for (std::size_t i = 0; i < lines.p.size(); ++i) {
    const double a = lines.p[i] - lines.r[i], b = lines.q[i] - lines.s[i];
    aa += a * a;
    ab += a * b;
    bb += b * b;
  }
  const double speed = aa - 2 * ab + bb;  // |a - b|^2
  const double t = speed > 0 ? (aa - ab) / speed : 0;
  const bool inside = t > 0 && t < 1;
  const double at = std::clamp(t, 0.0, 1.0);
  double squared = 0;
  for (std::size_t i = 0; i < lines.p.size(); ++i) {
    const double a = lines.p[i] - lines.r[i], b = lines.q[i] - lines.s[i];
    squared += ((1 - at) * a + at * b) * ((1 - at) * a + at * b);
  }
  return {std::sqrt(squared), inside};
}

double nearest_at_any_times(const LinePair& lines) {
  double uu = 0, uv = 0, vv = 0, uw = 0, vw = 0;  // u = q - p, v = s - r, w = p - r
  for (std::size_t i = 0; i < lines.p.size(); ++i) {
    const double u = lines.q[i] - lines.p[i], v = lines.s[i] - lines.r[i];
    const double w = lines.p[i] - lines.r[i];
    uu += u * u;
    uv += u * v;
    vv += v * v;
    uw += u * w;
    vw += v * w;
  }
  const double determinant = uu * vv - uv * uv;
  double first = determinant > 0 ? std::clamp((uv * vw - uw * vv) / determinant, 0.0, 1.0) : 0;
  double second = vv > 0 ? (uv * first + vw) / vv : 0;
  if (second < 0 || second > 1) {
    second = std::clamp(second, 0.0, 1.0);
    first = uu > 0 ? std::clamp((uv * second - uw) / uu, 0.0, 1.0) : 0;
  }
  double squared = 0;
  for (std::size_t i = 0; i < lines.p.size(); ++i) {
    const double apart = lines.p[i] - lines.r[i] + first * (lines.q[i] - lines.p[i]) -
                         second * (lines.s[i] - lines.r[i]);
    squared += apart * apart;
  }
  return std::sqrt(squared);
}

bool segments_cross(const LinePair& lines) {
  using Point = std::span<const double>;
  const auto side = [](Point a, Point b, Point c) {
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
  };
  return side(lines.p, lines.q, lines.r) * side(lines.p, lines.q, lines.s) < 0 &&
         side(lines.r, lines.s, lines.p) * side(lines.r, lines.s, lines.q) < 0;
}

double chi_probability(double r, std::int64_t dimensions) {
  if (dimensions == 0) return 1;
  if (r <= 0) return 0;
  // P(a, x) = x^a e^-x / Gamma(a + 1) (1 + x/(a+1) + x^2/((a+1)(a+2)) + ...): all terms positive,
  // so that nothing cancels.
  const double a = static_cast<double>(dimensions) / 2, x = r * r / 2;
  double term = 1, sum = 1;
  for (int k = 1; k < 10000 && term > 1e-17 * sum; ++k) {
    term *= x / (a + k);
    sum += term;
  }
  return std::min(1.0, std::exp(a * std::log(x) - x - std::lgamma(a + 1)) * sum);
}

}  // namespace gradvar::gaussian
