#include "tools/diagnose/sweep_words.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "flow/intervals.h"
#include "io/number_text.h"
#include "tools/diagnose/json.h"
#include "tools/diagnose/words.h"

namespace gradvar {

namespace {

std::string energy_text(const SweepPoint& point) {
  return point.energy.empty() ? "-" : interval_text(student_interval(point.energy));
}

std::string sigma_text(const SweepPoint& point) { return "sigma = " + number_text(point.sigma); }

}  // namespace

std::string sweep_sentence(const Sweep& sweep) {
  const std::string warm =
      " (warm starts of " + std::to_string(sweep.steps) + " steps from the run's weights)";
  if (!sweep.breaks) {
    return "No noise level of the sweep breaks it" + warm +
           ": try larger ones (--sigmas), or longer (--sweep-steps).";
  }
  const SweepPoint& breaks = sweep.points[*sweep.breaks];
  const SweepPoint& chosen = sweep.points[*sweep.recommended];
  std::string text = "The memory breaks at " + sigma_text(breaks) + warm + ".";
  if (*sweep.breaks == 0) {
    text += " That is the control: more training alone does it, so noise is not what is needed.";
  }
  if (!sweep.best) {
    return text + " There are no held-out targets to judge generalisation by, so " +
           sigma_text(breaks) + " is recommended for breaking the memory alone.";
  }
  const SweepPoint& best = sweep.points[*sweep.best];
  if (sweep.recommended == sweep.best) {
    return text + " Recommended: " + sigma_text(chosen) +
           ", which also generalises best, energy distance " + energy_text(chosen) +
           (*sweep.best + 1 == sweep.points.size() ? "; it is the largest of the sweep, so a "
                                                     "larger one (--sigmas) may do better still."
                                                   : ".");
  }
  if (chosen.within) {
    return text + " Recommended: " + sigma_text(chosen) +
           ", the smallest that breaks it and whose generalisation, energy distance " +
           energy_text(chosen) + ", cannot be told from the best, " + energy_text(best) + " at " +
           sigma_text(best) + ".";
  }
  return text + " It has a price: " + sigma_text(chosen) + " has energy distance " +
         energy_text(chosen) + " to held-out targets, the best is " + energy_text(best) + " at " +
         sigma_text(best) + ", which memorises still.";
}

std::string sweep_table(const Sweep& sweep) {
  char line[256];
  std::snprintf(line, sizeof line, "  %-10s %-24s %-28s %s\n", "sigma", "remembered",
                "energy to held-out", "verdict");
  std::string text = line;
  for (std::size_t i = 0; i < sweep.points.size(); ++i) {
    const SweepPoint& point = sweep.points[i];
    const MemorisationJudgement& j = point.snapshot.judgement;
    std::snprintf(line, sizeof line, "  %-10.4g %-24s %-28s ", point.sigma,
                  share_text(j.remembered).c_str(), energy_text(point).c_str());
    text += line + std::string(to_string(j.verdict)) +
            (sweep.recommended == i ? "  <- recommended\n" : "\n");
  }
  if (sweep.floor.size() >= 2) {
    text += "  floor, between two sets of held-out targets: " +
            interval_text(student_interval(sweep.floor)) + "\n";
  }
  return text;
}

nlohmann::json to_json(const Sweep& sweep) {
  nlohmann::json json = {{"steps", sweep.steps}, {"points", nlohmann::json::array()}};
  const auto sets = [](const std::vector<double>& values) -> nlohmann::json {
    if (values.size() < 2) return nullptr;
    return to_json(student_interval(values));
  };
  for (const SweepPoint& point : sweep.points) {
    json["points"].push_back({{"sigma", point.sigma},
                              {"energy", sets(point.energy)},
                              {"within", point.within},
                              {"snapshot", to_json(point.snapshot)}});
  }
  const auto sigma_of = [&](const std::optional<std::size_t>& at) -> nlohmann::json {
    if (!at) return nullptr;
    return sweep.points[*at].sigma;
  };
  json["floor"] = sets(sweep.floor);
  json["best"] = sigma_of(sweep.best);
  json["breaks"] = sigma_of(sweep.breaks);
  json["recommended"] = sigma_of(sweep.recommended);
  json["words"] = sweep_sentence(sweep);
  return json;
}

}  // namespace gradvar
