// files: a measurement as a directory.
//
//   summary.json              what --json prints
//   by_layer.csv              layer, trace, |mean|^2, SNR, noise scale, and the trace by cause
//   by_time.csv               t_begin, t_end, loss, trace, mean_squared_norm
//   by_pair.csv               pair, loss, squared_norm, mean_squared_norm, trace, cosine
//   by_parameter.safetensors  mean/<parameter>, variance/<parameter>, f64
//   convergence.csv           name, value, value_at_twice, relative_change
//   spectrum.csv              step, samples, trace, top_eigenvalue, effective_rank,
//                             participation_ratio (with --spectrum), and eigenvalues.csv
//   figures/, report.html     the same to be looked at
#pragma once

#include <string>

#include "tools/variance/measurement.h"

namespace gradvar {

// Before long work begins. Throws std::invalid_argument "--out: ..." when the path is a file, when
// its parent is missing, or when it holds anything other than an earlier measurement.
void check_measurement_directory(const std::string& option, const std::string& directory);

// Writes all of it beside the goal and puts it there in one step; an earlier measurement is
// replaced. `subject` says what was measured, "the run 'runs/first' after 5 000 steps"; `command`
// is what makes it again. Throws DiskError when the disk refuses.
void write_measurement(const std::string& directory, const Measurement& measurement,
                       const std::string& subject, const std::string& command);

}  // namespace gradvar
