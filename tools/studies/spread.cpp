#include "tools/studies/spread.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "tools/report/number.h"

namespace gradvar {

double Spread::mean() const {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double Spread::lowest() const { return *std::min_element(values.begin(), values.end()); }

double Spread::highest() const { return *std::max_element(values.begin(), values.end()); }

double Spread::standard_deviation() const {
  if (values.size() < 2) return 0;
  double sum = 0;
  for (const double value : values) sum += (value - mean()) * (value - mean());
  return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

Interval Spread::interval() const {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (values.size() < 2) return {-kInfinity, mean(), kInfinity};
  const Interval whole = student_interval(values);
  return {std::max(whole.low, least), whole.mean, std::min(whole.high, most)};
}

std::string Spread::text() const {
  if (values.size() < 2) return report::format_number(mean(), 3);
  return report::format_plus_minus(mean(), standard_deviation());
}

std::string Spread::interval_text() const { return gradvar::interval_text(interval()); }

std::string interval_text(const Interval& i) {
  if (!std::isfinite(i.high)) return report::format_number(i.mean, 3) + " (one seed: no interval)";
  return report::format_number(i.mean, 3) + " " + report::format_interval(i.low, i.high);
}

Spread over_seeds(const TaskResults& results, const std::vector<std::string>& ids,
                  const std::function<double(const nlohmann::json&)>& read) {
  Spread spread;
  for (const std::string& id : ids) spread.values.push_back(read(results.at(id)));
  return spread;
}

namespace {

template <class Operation>
Spread pairwise(const Spread& a, const Spread& b, Operation operation) {
  Spread result;
  for (std::size_t k = 0; k < a.values.size(); ++k) {
    result.values.push_back(operation(a.values[k], b.values[k]));
  }
  return result;
}

}  // namespace

Spread ratio(const Spread& a, const Spread& b) {
  return pairwise(a, b, [](double x, double y) { return x / y; });
}

Spread difference(const Spread& a, const Spread& b) {
  return pairwise(a, b, [](double x, double y) { return x - y; });
}

Interval geometric_ratio(const Spread& a, const Spread& b) {
  const Interval logarithm =
      pairwise(a, b, [](double x, double y) { return std::log(x / y); }).interval();
  return {std::exp(logarithm.low), std::exp(logarithm.mean), std::exp(logarithm.high)};
}

const nlohmann::json& with_solver(const nlohmann::json& evaluations, const std::string& solver) {
  for (const nlohmann::json& evaluation : evaluations) {
    if (evaluation.at("solver") == solver) return evaluation;
  }
  throw std::logic_error("no evaluation with " + solver);
}

void Curve::add(double at, const Spread& spread) {
  x.push_back(at);
  mean.push_back(spread.mean());
  low.push_back(spread.lowest());
  high.push_back(spread.highest());
}

}  // namespace gradvar
