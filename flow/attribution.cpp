#include "flow/attribution.h"

namespace gradvar {

NestedSquares& NestedSquares::operator+=(const NestedSquares& other) {
  mean += other.mean;
  pair += other.pair;
  moment += other.moment;
  sample += other.sample;
  squares += other.squares;
  return *this;
}

VarianceParts NestedSquares::parts() const {
  return {.pair = pair - mean, .time = moment - pair, .noise = sample - moment};
}

VarianceParts NestedSquares::unbiased_parts(double pairs, double draws) const {
  const VarianceParts plain = parts();
  const double noise = plain.noise * draws / (draws - 1);  // E V_ik
  return {.pair = plain.pair - (1 - 1 / pairs) * squares / draws,
          .time = plain.time - (noise - squares) / draws,
          .noise = noise};
}

}  // namespace gradvar
