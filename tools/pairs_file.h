// pairs_file: pairs in a safetensors file, x0 and x1 [N, ...], beside each other row by row, with
// where they came from in the file's metadata.
//
//   source, target, coupling   the specs they were drawn by
//   seed                       of the draws
//   cost                       mean |x1 - x0|^2
//   round, flow-...            of pairs that a flow made: which (tools/flow_coupling.h)
//
// `gradvar pairs` writes such files, `gradvar train` leaves one in a run's directory, and `gradvar
// train --pairs-file` takes them, or a file of x0 and x1 alone made by any other program.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "flow/pairs.h"
#include "io/safetensors.h"
#include "tools/run_config.h"

namespace gradvar {

class Problem;

struct PairsFile {
  Pairs pairs;
  std::map<std::string, std::string> metadata;
};

// Throws std::invalid_argument "--pairs-file: FILE: ...", or what the option is, for a file without
// x0 and x1, of different shapes, without rows, or with numbers that are not finite.
[[nodiscard]] PairsFile read_pairs_file(const std::string& path,
                                        const std::string& option = "--pairs-file");

// Whose pairs: fills in what the user left out. Source, target and coupling are the file's own, or,
// where it does not say, its own points and the independent coupling; the number of pairs is the
// file's. `given` says whether an option was given. Throws std::invalid_argument as reading does
// and for --coupling, which a file of pairs leaves no room for.
void adopt_pairs_file(RunConfig& config, const std::function<bool(const std::string&)>& given);

// Pairs of the problem with where they came from, ready to be written.
[[nodiscard]] SafetensorsWriter pairs_writer(const Problem& problem, const RunConfig& config);

// mean |x1 - x0|^2.
[[nodiscard]] double mean_cost(const Pairs& pairs);

// Shape and a hash of the bits (FNV-1a), to tell one set of points from another.
[[nodiscard]] std::string fingerprint(const Tensor<double>& points);

}  // namespace gradvar
