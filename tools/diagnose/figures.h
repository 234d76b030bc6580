// figures: the pictures of a diagnosis.
#pragma once

#include "tools/diagnose/sweep.h"
#include "tools/report/figure.h"

namespace gradvar {

// Error at training and at held-out pairs, and gradient variance on both, through training.
[[nodiscard]] report::Figure figure_through_training(const Diagnosis& diagnosis);
// A point a pair: its gradient norm against its distance to the partner.
[[nodiscard]] report::Figure figure_of_pairs(const Diagnosis& diagnosis);
// What is remembered and how the law generalises, against sigma.
[[nodiscard]] report::Figure figure_of_sweep(const Sweep& sweep);

}  // namespace gradvar
