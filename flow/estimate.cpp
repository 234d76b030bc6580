#include "flow/estimate.h"

#include <cmath>

namespace gradvar {

Estimate estimate_of(std::span<const double> replicates) {
  Estimate result;
  const auto count = static_cast<double>(replicates.size());
  for (const double value : replicates) result.value += value / count;
  if (replicates.size() < 2) return result;
  double squares = 0;
  for (const double value : replicates) squares += std::pow(value - result.value, 2);
  result.standard_error = std::sqrt(squares / (count - 1) / count);
  return result;
}

}  // namespace gradvar
