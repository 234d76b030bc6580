#include "data/planar.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "autograd/check.h"
#include "io/number_text.h"
#include "io/spec.h"

namespace gradvar {

namespace {

using Point = std::array<double, 2>;

constexpr double kTurn = 2 * std::numbers::pi;

Point on_circle(double angle) { return {std::cos(angle), std::sin(angle)}; }

// a + factor b
Point plus(const Point& a, double factor, const Point& b) {
  return {a[0] + factor * b[0], a[1] + factor * b[1]};
}

Point times(double factor, const Point& a) { return {factor * a[0], factor * a[1]}; }

// One of 0 .. n - 1. The bias is below n 2^-32: the 32 bits of u are dealt out evenly but for the
// remainder.
double pick(double u, std::int64_t n) {
  return std::min(std::floor(u * static_cast<double>(n)), static_cast<double>(n - 1));
}

void check_finite(std::string_view where, const std::string& name, double value) {
  check(std::isfinite(value), where,
        name + " is " + number_text(value) + ", expected a finite number");
}

void check_positive(std::string_view where, const std::string& name, double value) {
  check(std::isfinite(value) && value > 0, where,
        name + " is " + number_text(value) + ", expected a number above 0");
}

void check_not_negative(std::string_view where, const std::string& name, double value) {
  check(std::isfinite(value) && value >= 0, where,
        name + " is " + number_text(value) + ", expected a number of 0 or more");
}

void check_arms(std::string_view where, std::int64_t arms) {
  constexpr std::int64_t kMost = 1'000'000;  // keeps the bias of pick() below 1e-3
  check(arms >= 1 && arms <= kMost, where,
        "arms is " + std::to_string(arms) + ", expected 1 to " + std::to_string(kMost));
}

}  // namespace

void PlanarDistribution::draw_one(const RandomStream& stream, std::uint64_t step,
                                  std::uint32_t sample, std::span<double> out) const {
  // A block makes four uniforms or four normals: the first gives u, the second z.
  Numbers numbers{};
  std::array<double, 6> normals{};
  stream.uniforms<double>(step, sample, numbers.u);
  stream.normals<double>(step, sample, normals);
  numbers.z = {normals[4], normals[5]};
  const Point drawn = point(numbers);
  std::copy(drawn.begin(), drawn.end(), out.begin());
}

EightGaussians::EightGaussians(const EightGaussiansOptions& options) : options_(options) {
  check_positive("eight-gaussians", "radius", options.radius);
  check_not_negative("eight-gaussians", "scale", options.scale);
}

Point EightGaussians::point(const Numbers& numbers) const {
  const Point centre = times(options_.radius, on_circle(kTurn * pick(numbers.u[0], 8) / 8));
  return plus(centre, options_.scale, numbers.z);
}

std::string EightGaussians::spec() const {
  return SpecWriter("eight-gaussians")
      .number("radius", options_.radius)
      .number("scale", options_.scale)
      .text();
}

Moons::Moons(const MoonsOptions& options) : options_(options) {
  check_not_negative("moons", "noise", options.noise);
}

Point Moons::point(const Numbers& numbers) const {
  Point p = on_circle(std::numbers::pi * numbers.u[1]);
  if (numbers.u[0] > 0.5) p = {1 - p[0], 0.5 - p[1]};
  return plus({-1, -1}, 3, plus(p, options_.noise, numbers.z));
}

std::string Moons::spec() const {
  return SpecWriter("moons").number("noise", options_.noise).text();
}

Checkerboard::Checkerboard(const CheckerboardOptions& options) : options_(options) {
  check_positive("checkerboard", "side", options.side);
}

Point Checkerboard::point(const Numbers& numbers) const {
  const double x = 4 * numbers.u[0] - 2;
  const bool odd_column = std::floor(x) == -1 || std::floor(x) == 1;
  const double bottom = (numbers.u[1] > 0.5 ? 0.0 : -2.0) + (odd_column ? 1.0 : 0.0);
  return times(options_.side, {x, bottom + numbers.u[2]});
}

std::string Checkerboard::spec() const {
  return SpecWriter("checkerboard").number("side", options_.side).text();
}

Pinwheel::Pinwheel(const PinwheelOptions& options) : options_(options) {
  check_arms("pinwheel", options.arms);
  check_not_negative("pinwheel", "radial", options.radial);
  check_not_negative("pinwheel", "tangential", options.tangential);
  check_finite("pinwheel", "rate", options.rate);
  check_positive("pinwheel", "scale", options.scale);
}

Point Pinwheel::point(const Numbers& numbers) const {
  const Point f = {1 + options_.radial * numbers.z[0], options_.tangential * numbers.z[1]};
  const double arm = pick(numbers.u[0], options_.arms) / static_cast<double>(options_.arms);
  const Point turned = on_circle(-kTurn * arm - options_.rate * std::exp(f[0]));
  return times(options_.scale,
               {turned[0] * f[0] - turned[1] * f[1], turned[1] * f[0] + turned[0] * f[1]});
}

std::string Pinwheel::spec() const {
  return SpecWriter("pinwheel")
      .integer("arms", options_.arms)
      .number("radial", options_.radial)
      .number("tangential", options_.tangential)
      .number("rate", options_.rate)
      .number("scale", options_.scale)
      .text();
}

Spiral::Spiral(const SpiralOptions& options) : options_(options) {
  check_arms("spiral", options.arms);
  check_finite("spiral", "turns", options.turns);
  check_positive("spiral", "radius", options.radius);
  check_not_negative("spiral", "noise", options.noise);
}

Point Spiral::point(const Numbers& numbers) const {
  const double s = std::sqrt(numbers.u[1]);
  const double arm = pick(numbers.u[0], options_.arms) / static_cast<double>(options_.arms);
  const Point centre = times(options_.radius * s, on_circle(kTurn * (options_.turns * s + arm)));
  return plus(centre, options_.noise, numbers.z);
}

std::string Spiral::spec() const {
  return SpecWriter("spiral")
      .integer("arms", options_.arms)
      .number("turns", options_.turns)
      .number("radius", options_.radius)
      .number("noise", options_.noise)
      .text();
}

}  // namespace gradvar
