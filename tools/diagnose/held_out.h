// held_out: pairs that a run has not seen, of the same coupling: what its own pairs are compared
// with (flow/memorisation.h).
//
// Where they come from, the first of these that applies:
//
//   the file     rows of --pairs-file that training did not take (it takes the first --pairs)
//   the coupling sources and targets drawn afresh, paired as the training pairs were, in sets of as
//                many: an assignment among more points would be a nearer one, among fewer a
//                farther one. Of a set larger than what is asked for, the first pairs
//   nowhere      pairs of unknown origin, or sources that are a file of points and have no others:
//                then errors are those of predicting a pair from the others (cross_prediction.h)
#pragma once

#include <cstdint>
#include <string>

#include "flow/pairs.h"
#include "tools/problem.h"
#include "tools/run_config.h"

namespace gradvar {

struct HeldOut {
  Pairs pairs{};               // no rows when there are none
  std::string origin{};        // "1 000 fresh pairs of the coupling 'independent'"
  bool later_rows = false;     // of the file, in its order
  bool fresh_sources = false;  // whether pairs.x0 are not training sources
  bool fresh_targets = false;  // whether pairs.x1 are mostly no training targets

  [[nodiscard]] bool any() const { return pairs.x0.rows() > 0; }
};

// At most `most` pairs. REQUIRES: most >= 1.
[[nodiscard]] HeldOut held_out_pairs(const Problem& problem, const RunConfig& config,
                                     std::int64_t most);

}  // namespace gradvar
