#include "nn/mlp_reference.h"

#include <cmath>
#include <numbers>
#include <utility>

namespace gradvar {

namespace {

double plain_activation(double x, Activation kind) {
  switch (kind) {
    case Activation::selu:
      return 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * std::expm1(x));
    case Activation::silu:
      return x / (1 + std::exp(-x));
    case Activation::relu:
      return x > 0 ? x : 0;
    case Activation::tanh:
      return std::tanh(x);
    case Activation::gelu:
      return 0.5 * x * std::erfc(-x / std::numbers::sqrt2);
  }
  return std::nan("");
}

}  // namespace

std::vector<double> plain_mlp(const MlpOptions& options, std::vector<double> h, double t,
                              std::span<const std::vector<double>> p) {
  if (options.time == TimeInput::column) {
    h.push_back(t);
  } else {
    const std::int64_t half = options.time_dim / 2;
    for (const bool sine : {false, true}) {
      for (std::int64_t k = 0; k < half; ++k) {
        const double exponent = -static_cast<double>(k) / static_cast<double>(half);
        const double angle = t * (1000 * std::pow(10000.0, exponent));
        h.push_back(sine ? std::sin(angle) : std::cos(angle));
      }
    }
  }
  for (std::int64_t k = 0; k <= options.depth; ++k) {
    const std::int64_t last = static_cast<std::int64_t>(p.size()) / 2 - 1;
    const std::int64_t layer = k == options.depth ? last : options.tied && k >= 1 ? 1 : k;
    std::vector<double> next = p[2 * layer + 1];
    for (std::size_t o = 0; o < next.size(); ++o) {
      for (std::size_t i = 0; i < h.size(); ++i) next[o] += p[2 * layer][o * h.size() + i] * h[i];
      if (k < options.depth) next[o] = plain_activation(next[o], options.activation);
    }
    h = std::move(next);
  }
  return h;
}

}  // namespace gradvar
