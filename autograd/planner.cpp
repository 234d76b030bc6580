#include "autograd/planner.h"

#include <algorithm>

namespace gradvar {

namespace {

template <class Real>
bool all_outer(const SampleGradients<Real>& gradients) {
  return std::all_of(gradients.uses.begin(), gradients.uses.end(), [](const Factor<Real>& use) {
    return use.form == Factor<Real>::Form::kOuter;
  });
}

// Position products cost T^2 (p + d) for each sample (or pair of samples), whole gradients `whole`.
template <class Real>
Formula cheaper(const SampleGradients<Real>& gradients, double positions_cost, double whole) {
  return all_outer(gradients) && positions_cost < whole ? Formula::kPositions : Formula::kFolded;
}

}  // namespace

std::string_view to_string(Formula formula) {
  switch (formula) {
    case Formula::kRows:
      return "rows";
    case Formula::kFactored:
      return "factored";
    case Formula::kPositions:
      return "positions";
    case Formula::kFolded:
      return "folded";
  }
  return "unknown";
}

template <class Real>
Formula plan_moments(const SampleGradients<Real>& gradients) {
  if (gradients.single_rows()) return Formula::kRows;
  return gradients.single_outer() ? Formula::kFactored : Formula::kFolded;
}

template <class Real>
Formula plan_norms(const SampleGradients<Real>& gradients) {
  if (gradients.single_rows()) return Formula::kRows;
  if (gradients.single_outer()) return Formula::kFactored;
  const auto t = static_cast<double>(gradients.positions());
  const auto sides = static_cast<double>(gradients.fan_out + gradients.fan_in);
  return cheaper(gradients, t * t * sides, static_cast<double>(gradients.size()) * (t + 1));
}

template <class Real>
Formula plan_gram(const SampleGradients<Real>& gradients, std::int64_t batch) {
  if (gradients.single_rows()) return Formula::kRows;
  if (gradients.single_outer()) return Formula::kFactored;
  const auto t = static_cast<double>(gradients.positions());
  const auto b = static_cast<double>(batch);
  const auto sides = static_cast<double>(gradients.fan_out + gradients.fan_in);
  return cheaper(gradients, b * t * t * sides, static_cast<double>(gradients.size()) * (t + b));
}

template Formula plan_moments(const SampleGradients<float>&);
template Formula plan_moments(const SampleGradients<double>&);
template Formula plan_norms(const SampleGradients<float>&);
template Formula plan_norms(const SampleGradients<double>&);
template Formula plan_gram(const SampleGradients<float>&, std::int64_t);
template Formula plan_gram(const SampleGradients<double>&, std::int64_t);

}  // namespace gradvar
