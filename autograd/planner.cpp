#include "autograd/planner.h"

namespace gradvar {

namespace {

// Position products cost T^2 (p + d) for each sample (or pair of samples), whole gradients `whole`.
template <class Real>
Formula cheaper(const SampleGradients<Real>& gradients, double positions_cost, double whole) {
  return gradients.all_outer() && positions_cost < whole ? Formula::kPositions : Formula::kFolded;
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
  return cheaper(gradients, norms_multiplications(gradients, Formula::kPositions, 1),
                 norms_multiplications(gradients, Formula::kFolded, 1));
}

template <class Real>
Formula plan_gram(const SampleGradients<Real>& gradients, std::int64_t batch) {
  if (gradients.single_rows()) return Formula::kRows;
  if (gradients.single_outer()) return Formula::kFactored;
  const auto t = static_cast<double>(gradients.positions());
  const auto b = static_cast<double>(batch);
  const auto made =
      static_cast<double>((batch + kGramBlock - 1) / kGramBlock);  // times each sample
  const auto sides = static_cast<double>(gradients.fan_out + gradients.fan_in);
  return cheaper(gradients, b * t * t * sides,
                 static_cast<double>(gradients.size()) * (made * t + b));
}

template <class Real>
double sum_multiplications(const SampleGradients<Real>& gradients, std::int64_t batch) {
  return static_cast<double>(batch) * static_cast<double>(gradients.size()) *
         static_cast<double>(gradients.positions());
}

template <class Real>
double moments_multiplications(const SampleGradients<Real>& gradients, Formula formula,
                               std::int64_t batch) {
  const double squares = static_cast<double>(batch) * static_cast<double>(gradients.size());
  // By products of factors or over rows, the squares are weighted or summed at once; a fold weights
  // and squares.
  return sum_multiplications(gradients, batch) +
         (formula == Formula::kFolded ? 2 * squares : squares);
}

template <class Real>
double norms_multiplications(const SampleGradients<Real>& gradients, Formula formula,
                             std::int64_t batch) {
  const auto b = static_cast<double>(batch), t = static_cast<double>(gradients.positions());
  const auto sides = static_cast<double>(gradients.fan_out + gradients.fan_in);
  const auto size = static_cast<double>(gradients.size());
  switch (formula) {
    case Formula::kRows:
      return b * size;
    case Formula::kFactored:
      return b * sides;
    case Formula::kPositions:
      return b * t * t * sides;
    case Formula::kFolded:
      return b * size * (t + 1);
  }
  return 0;
}

template Formula plan_moments(const SampleGradients<float>&);
template Formula plan_moments(const SampleGradients<double>&);
template Formula plan_norms(const SampleGradients<float>&);
template Formula plan_norms(const SampleGradients<double>&);
template Formula plan_gram(const SampleGradients<float>&, std::int64_t);
template Formula plan_gram(const SampleGradients<double>&, std::int64_t);
template double sum_multiplications(const SampleGradients<float>&, std::int64_t);
template double sum_multiplications(const SampleGradients<double>&, std::int64_t);
template double moments_multiplications(const SampleGradients<float>&, Formula, std::int64_t);
template double moments_multiplications(const SampleGradients<double>&, Formula, std::int64_t);
template double norms_multiplications(const SampleGradients<float>&, Formula, std::int64_t);
template double norms_multiplications(const SampleGradients<double>&, Formula, std::int64_t);

}  // namespace gradvar
