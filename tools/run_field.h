// run_field: which field of a run is followed: its network, or one that its pairs have in closed
// form (flow/pair_fields.h).
//
//   network      the trained weights
//   minimiser    of the loss on the run's pairs and interpolant: what a perfect network would learn
//   memorising   the velocity of the nearest pair's line: zero loss without noise (Proposition 2)
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "flow/field.h"
#include "tools/training_run.h"

namespace gradvar {

// The words of --field; the first is the default.
[[nodiscard]] const std::vector<std::string>& run_field_names();

// The run must outlive the field. `network` is the model as its weights are now. Throws
// std::invalid_argument "--field: ..." where a closed form is not defined: for pairs that are
// resampled at every step, and for the minimiser of the full bridge, whose target is infinite at
// t = 0, where sampling begins.
template <class Real>
[[nodiscard]] std::unique_ptr<Field<Real>> make_run_field(const std::string& name,
                                                          TrainingRun<Real>& run);

}  // namespace gradvar
