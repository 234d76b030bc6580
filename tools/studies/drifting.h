// drifting: fixed pairs whose targets move together, a little at every step of training: what was
// learned grows old.
#pragma once

#include "tools/studies/cell.h"

namespace gradvar {

// x1 at step s is x1 + shift (s / steps) e, e the unit vector along the diagonal: when training
// ends, targets lie `shift` from where they were. Trains the cell on them, on one thread; what it
// leaves behind is as of training_task(). Results, all of the pairs as they stand at a step:
//   monitor      [{step, loss, trace}]                                at the cell's monitor_steps
//   evaluations  [{step, solver, to_training_partner {mean}, between_random_partners}]   at its
//                evaluate_steps, by its solvers_on_the_way
[[nodiscard]] Task drifting_task(const TrainingCell& cell, double shift,
                                 double save_every = kSaveEverySeconds);

}  // namespace gradvar
