// figures: the pictures of a measurement.
#pragma once

#include "tools/report/figure.h"
#include "tools/variance/measurement.h"

namespace gradvar {

// Trace and loss given that t lies in a bin.
[[nodiscard]] report::Figure figure_over_time(const Measurement& measurement);
// A bar a layer, stacked by cause.
[[nodiscard]] report::Figure figure_by_layer(const Measurement& measurement);
// Histograms over pairs: loss, trace within the pair, cosine of the pair's mean gradient.
[[nodiscard]] report::Figure figure_by_pair(const Measurement& measurement);
// The law of the cosines of single samples.
[[nodiscard]] report::Figure figure_alignment(const Measurement& measurement);
// Eigenvalues by rank of the first, the middle and the last spectrum, and the ranks through
// training when there are several.
[[nodiscard]] report::Figure figure_spectrum(const Measurement& measurement);

}  // namespace gradvar
