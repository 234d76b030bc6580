#include "tools/diagnose/held_out.h"

#include <algorithm>
#include <vector>

#include "flow/memorisation.h"
#include "tools/pairs_file.h"

namespace gradvar {

namespace {

// Rows of all tensors, one after the other.
Tensor<double> stacked(const std::vector<Tensor<double>>& parts) {
  std::int64_t rows = 0;
  for (const Tensor<double>& part : parts) rows += part.rows();
  Tensor<double> whole(parts.front().shape().with_rows(rows));
  double* to = whole.data();
  for (const Tensor<double>& part : parts) {
    to = std::copy(part.values().begin(), part.values().end(), to);
  }
  return whole;
}

HeldOut from_rows(const PairsFile& file, const RunConfig& config, std::int64_t most) {
  const std::int64_t first = config.pairs;
  const std::int64_t count = std::min(file.pairs.x0.rows() - first, most);
  HeldOut held_out{
      .pairs = {file.pairs.x0.rows_copy(first, count), file.pairs.x1.rows_copy(first, count)},
      .origin = "rows " + std::to_string(first + 1) + " to " + std::to_string(first + count) +
                " of '" + config.pairs_file + "', which training did not take",
      .later_rows = true,
      .fresh_sources = true};
  held_out.fresh_targets =
      mostly_fresh(held_out.pairs.x1, distinct_rows(file.pairs.x1.rows_copy(0, first)));
  return held_out;
}

// Pairs drawn afresh. Targets that are a file of points come back: a set takes each once.
HeldOut from_coupling(const Problem& problem, std::uint64_t seed, std::int64_t most) {
  const Coupling& coupling = problem.coupling();
  const std::int64_t trained = problem.pairs().x0.rows();
  const std::int64_t in_set = coupling.row_by_row() ? most : trained;
  const std::int64_t count = std::max<std::int64_t>(most / in_set, 1);
  const Tensor<double>* points = problem.target().points();
  std::vector<Tensor<double>> sources, targets;
  for (std::int64_t set = 0; set < count; ++set) {
    const auto number = static_cast<std::uint64_t>(set);
    Tensor<double> from, to;
    if (!coupling.from_targets()) from = problem.fresh_sources(in_set, number);
    if (coupling.uses_targets()) {
      const bool once = points != nullptr && !coupling.row_by_row() && points->rows() >= in_set;
      to = once ? points->rows_copy(0, in_set) : problem.fresh_targets(in_set, number);
    }
    if (coupling.from_targets()) {
      from = coupling.sources(to);
    } else {  // steps of this stream from 1 on: step 0 paired the training pairs
      to = coupling.partners(from, std::move(to),
                             RandomStream(seed + 1 + number, Purpose::kPairing));
    }
    sources.push_back(std::move(from));
    targets.push_back(std::move(to));
  }
  HeldOut held_out{.pairs = {stacked(sources), stacked(targets)}};
  if (held_out.pairs.x0.rows() > most) {  // one set, larger than what was asked for
    held_out.pairs = {held_out.pairs.x0.rows_copy(0, most), held_out.pairs.x1.rows_copy(0, most)};
  }
  held_out.origin = std::to_string(held_out.pairs.x0.rows()) + " fresh pairs of the coupling '" +
                    coupling.spec() + "'";
  held_out.fresh_sources = problem.source().points() == nullptr;
  held_out.fresh_targets =
      points == nullptr || mostly_fresh(held_out.pairs.x1, distinct_rows(problem.pairs().x1));
  return held_out;
}

}  // namespace

HeldOut held_out_pairs(const Problem& problem, const RunConfig& config, std::int64_t most) {
  bool coupling_known = true;
  if (!config.pairs_file.empty()) {
    const PairsFile file = read_pairs_file(config.pairs_file);
    if (file.pairs.x0.rows() > config.pairs) return from_rows(file, config, most);
    coupling_known = file.metadata.contains("coupling") && file.metadata.contains("source");
  }
  const bool pairs_at_random = problem.coupling().spec().starts_with("independent") ||
                               problem.coupling().spec().starts_with("permutation");
  if (!problem.coupling().at_hand()) coupling_known = false;
  if (coupling_known && (problem.source().points() == nullptr || pairs_at_random)) {
    return from_coupling(problem, config.seed, most);
  }
  HeldOut none;
  none.origin = coupling_known ? "none: the sources are a file of points and all of them are paired"
                               : "none: how the pairs were made is not known";
  none.origin += "; each pair is predicted from the others instead";
  return none;
}

}  // namespace gradvar
