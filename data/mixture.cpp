#include "data/mixture.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "autograd/check.h"
#include "io/number_text.h"
#include "io/spec.h"

namespace gradvar {

namespace {

constexpr std::string_view kMixture = "mixture";
// The centres are drawn at a step that no training reaches, so that no weight is drawn from the
// same numbers.
constexpr std::uint64_t kCentreStep = std::numeric_limits<std::uint64_t>::max();
// The first block of a sample's numbers picks its component; a block makes four normals.
constexpr std::size_t kPickedBy = 4;

}  // namespace

Mixture::Mixture(const MixtureOptions& options) : options_(options) {
  constexpr std::int64_t kMost = std::numeric_limits<std::uint32_t>::max();
  check(options.dim >= 1, kMixture,
        "dim is " + std::to_string(options.dim) + ", expected 1 or more");
  check(options.components >= 1 && options.components <= kMost, kMixture,
        "components is " + std::to_string(options.components) + ", expected 1 or more");
  check(
      std::isfinite(options.spread) && options.spread >= 0, kMixture,
      "spread is " + number_text(options.spread) + ", expected a standard deviation of 0 or more");
  check(std::isfinite(options.scale) && options.scale > 0, kMixture,
        "scale is " + number_text(options.scale) + ", expected a standard deviation above 0");
  centres_ = Tensor<double>(Shape{options.components, options.dim});
  const RandomStream stream(options.seed, Purpose::kInitialisation);
  for (std::int64_t k = 0; k < options.components; ++k) {
    stream.normals(kCentreStep, static_cast<std::uint32_t>(k), centres_.row(k));
  }
  for (double& coordinate : centres_.values()) coordinate *= options.spread;
}

void Mixture::draw_one(const RandomStream& stream, std::uint64_t step, std::uint32_t sample,
                       std::span<double> out) const {
  const std::span<const double> centre =
      centres_.row(stream.below(static_cast<std::uint32_t>(options_.components), step, sample));
  std::vector<double> normals(kPickedBy + out.size());
  stream.normals<double>(step, sample, normals);
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = centre[i] + options_.scale * normals[kPickedBy + i];
  }
}

std::string Mixture::spec() const {
  return SpecWriter("mixture")
      .integer("dim", options_.dim)
      .integer("components", options_.components)
      .number("spread", options_.spread)
      .number("scale", options_.scale)
      .integer("seed", static_cast<std::int64_t>(options_.seed))
      .text();
}

}  // namespace gradvar
