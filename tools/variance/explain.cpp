#include "tools/variance/explain.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace gradvar {

namespace {

constexpr const char* kLegend =
    "rows: gradients come whole, two passes over them; factored: (delta^2)^T a^2, one more matrix\n"
    "product than the sum; folded: each sample's gradient made whole in one tile, tiles of "
    "patches\n"
    "gathered for it, and folded into sum and squares while it is in cache; positions (norms):\n"
    "inner products between positions. Multiplications are a batch's; the sum is what a training\n"
    "step takes, the ratio what the first pass, mean and variance, costs beside it. The second,\n"
    "which has the parts by pair, time and noise and the intervals, takes about as long again.\n";

// A name is as long as it is: the columns follow it.
template <class... Values>
std::string line(const std::string& name, int width, const char* format, Values... values) {
  char text[160];
  (void)std::snprintf(text, sizeof text, format, values...);
  return name + std::string(std::max<std::size_t>(width, name.size()) - name.size(), ' ') + text +
         "\n";
}

struct Totals {
  explicit Totals(const VariancePlan& plan) {
    for (const ParameterPlan& of : plan.by_parameter) {
      sum += of.sum_cost;
      moments += of.moments_cost;
      norms += of.norms_cost;
    }
  }
  [[nodiscard]] double ratio() const { return sum > 0 ? moments / sum : 1; }
  double sum = 0, moments = 0, norms = 0;
};

}  // namespace

std::string explain(const VariancePlan& plan, const ParameterLayout& layout) {
  std::size_t longest = 12;
  for (const ParameterInfo& info : layout.infos()) longest = std::max(longest, info.name.size());
  const int width = static_cast<int>(longest);
  std::string text = "B = " + std::to_string(plan.batch) + " samples a batch\n";
  text += line("", width, " %-7s %4s %6s %5s %6s  %-9s %10s %6s  %-9s %10s", "form", "uses", "T",
               "p", "d", "moments", "multiply", "/ sum", "norms", "multiply");
  for (int k = 0; k < layout.count(); ++k) {
    const ParameterPlan& of = plan.by_parameter[k];
    text += line(layout.infos()[k].name, width,
                 " %-7s %4lld %6lld %5lld %6lld  %-9s %10.3g %6.3f  %-9s %10.3g",
                 std::string(of.form).c_str(), static_cast<long long>(of.uses),
                 static_cast<long long>(of.positions), static_cast<long long>(of.fan_out),
                 static_cast<long long>(of.fan_in), std::string(to_string(of.moments)).c_str(),
                 of.moments_cost, of.sum_cost > 0 ? of.moments_cost / of.sum_cost : 1,
                 std::string(to_string(of.norms)).c_str(), of.norms_cost);
  }
  const Totals whole(plan);
  text += line("whole", width, " %-7s %4s %6s %5s %6s  %-9s %10.3g %6.3f  %-9s %10.3g", "", "", "",
               "", "", "", whole.moments, whole.ratio(), "", whole.norms);
  return text + kLegend;
}

nlohmann::json to_json(const VariancePlan& plan, const ParameterLayout& layout) {
  const Totals whole(plan);
  nlohmann::json parameters = nlohmann::json::array();
  for (int k = 0; k < layout.count(); ++k) {
    const ParameterPlan& of = plan.by_parameter[k];
    parameters.push_back({{"name", layout.infos()[k].name},
                          {"form", of.form},
                          {"uses", of.uses},
                          {"positions", of.positions},
                          {"fan_out", of.fan_out},
                          {"fan_in", of.fan_in},
                          {"sum_multiplications", of.sum_cost},
                          {"moments", to_string(of.moments)},
                          {"moments_multiplications", of.moments_cost},
                          {"norms", to_string(of.norms)},
                          {"norms_multiplications", of.norms_cost}});
  }
  return {{"batch", plan.batch},
          {"sum_multiplications", whole.sum},
          {"moments_multiplications", whole.moments},
          {"norms_multiplications", whole.norms},
          {"parameters", parameters}};
}

}  // namespace gradvar
