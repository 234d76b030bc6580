#include "tools/run_field.h"

#include <stdexcept>

#include "flow/pair_fields.h"
#include "tools/choices.h"

namespace gradvar {

const std::vector<std::string>& run_field_names() {
  static const std::vector<std::string> names = {"network", "minimiser", "memorising"};
  return names;
}

template <class Real>
std::unique_ptr<Field<Real>> make_run_field(const std::string& name, TrainingRun<Real>& run) {
  if (name == "network") return std::make_unique<NetworkField<Real>>(run.model(), run.pool());
  const auto refuse = [&](const std::string& why) {
    throw std::invalid_argument("--field: " + name + " is not defined here: " + why);
  };
  if (run.problem().pairing() == Pairing::kResampled) {
    refuse("the run takes new pairs at every step, expected a run with --pairing fixed");
  }
  const Pairs& pairs = run.problem().pairs();
  const Interpolant interpolant = make_interpolant("--interpolant", run.config().interpolant);
  if (name == "memorising") {
    return std::make_unique<NearestLineField<Real>>(pairs.x0, pairs.x1, interpolant, &run.pool());
  }
  if (interpolant.infinite_at_ends()) {
    refuse("the target of '" + interpolant.spec() +
           "' is infinite at t = 0 and 1, where sampling begins and ends");
  }
  return std::make_unique<PairMinimiserField<Real>>(pairs.x0, pairs.x1, interpolant, &run.pool());
}

template std::unique_ptr<Field<float>> make_run_field(const std::string&, TrainingRun<float>&);
template std::unique_ptr<Field<double>> make_run_field(const std::string&, TrainingRun<double>&);

}  // namespace gradvar
