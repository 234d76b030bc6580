#include "flow/memorisation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "autograd/check.h"
#include "autograd/random.h"
#include "flow/distances.h"
#include "io/number_text.h"

namespace gradvar {

namespace {

// As sorted_quantile has it, without sorting all: a bootstrap takes it thousands of times.
double median_of(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return std::midpoint(*std::max_element(values.begin(), middle), *middle);
}

double share_below(const std::vector<double>& values, double bound) {
  const auto below =
      std::count_if(values.begin(), values.end(), [&](double value) { return value < bound; });
  return static_cast<double>(below) / static_cast<double>(values.size());
}

// The part of a share that luck does not explain; all or nothing when luck explains everything.
double beyond_luck(double share, double luck) {
  return luck < 1 ? (share - luck) / (1 - luck) : 0.0;
}

struct PairNumbers {
  double training = 0, held_out = 0;  // medians over R
  double returned = 0, luck = 0, remembered = 0;
  double copied = std::numeric_limits<double>::quiet_NaN();

  [[nodiscard]] bool rule() const { return held_out < kRuleExplains; }
  [[nodiscard]] bool pairs() const { return !rule() && remembered > kMemorisedShare; }
  [[nodiscard]] bool targets() const { return copied > kMemorisedShare; }
};

PairNumbers numbers_of(const MemorisationEvidence& e) {
  PairNumbers n;
  const double middle = median_of(e.held_out);
  n.training = median_of(e.training) / e.random_partner;
  n.held_out = middle / e.random_partner;
  n.returned = share_below(e.training, kReturnedRatio * middle);
  n.luck = share_below(e.held_out, kReturnedRatio * middle);
  n.remembered = beyond_luck(n.returned, n.luck);
  if (!e.fresh_ratio.empty()) {
    n.copied = beyond_luck(share_below(e.fresh_ratio, kMemorisedRatio),
                           share_below(e.luck_ratio, kMemorisedRatio));
  }
  return n;
}

void check_numbers(const char* what, const std::vector<double>& values) {
  for (const double value : values) {
    check(std::isfinite(value) && value >= 0, "memorisation", [&] {
      return std::string(what) + " " + number_text(value) + ", expected a number of 0 or more";
    });
  }
}

// The values drawn again with replacement; `set` tells the sets of one resample apart.
std::vector<double> drawn_again(const std::vector<double>& values, const RandomStream& stream,
                                std::uint64_t resample, std::uint32_t set) {
  std::vector<double> drawn(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double u = stream.uniform(4 * resample + set, static_cast<std::uint32_t>(i));
    const auto row = static_cast<std::size_t>(u * static_cast<double>(values.size()));
    drawn[i] = values[std::min(row, values.size() - 1)];
  }
  return drawn;
}

Interval interval_of(double estimate, std::vector<double> resampled) {
  if (std::isnan(estimate)) return {estimate, estimate, estimate};
  std::sort(resampled.begin(), resampled.end());
  return {sorted_quantile(resampled, 0.025), estimate, sorted_quantile(resampled, 0.975)};
}

MemorisationVerdict verdict_of(const PairNumbers& whole, double probability, double of_rule) {
  if (probability >= kSure) {
    return whole.pairs() ? MemorisationVerdict::kMemorises : MemorisationVerdict::kCopies;
  }
  if (probability > 1 - kSure) return MemorisationVerdict::kUndecided;
  return of_rule > 0.5 ? MemorisationVerdict::kRule : MemorisationVerdict::kDoesNot;
}

}  // namespace

std::string_view to_string(MemorisationVerdict verdict) {
  switch (verdict) {
    case MemorisationVerdict::kMemorises:
      return "memorises its pairs";
    case MemorisationVerdict::kCopies:
      return "copies its targets";
    case MemorisationVerdict::kRule:
      return "does not memorise: it has learned the pairing's rule";
    case MemorisationVerdict::kDoesNot:
      return "does not memorise";
    case MemorisationVerdict::kUndecided:
      return "undecided";
    case MemorisationVerdict::kTooFew:
      return "undecided: too few pairs";
  }
  return "";
}

MemorisationJudgement judge_memorisation(const MemorisationEvidence& evidence, std::uint64_t seed,
                                         std::int64_t resamples) {
  check(!evidence.training.empty() && !evidence.held_out.empty(), "memorisation",
        "there are no pairs of one kind, expected training and held-out pairs");
  check(evidence.random_partner > 0 && std::isfinite(evidence.random_partner), "memorisation",
        "the distance between random partners is " + number_text(evidence.random_partner) +
            ", expected a positive number: are all targets one point?");
  check(evidence.fresh_ratio.empty() == evidence.luck_ratio.empty(), "memorisation",
        "ratios of generated points and of the target's go together");
  check(resamples >= 1, "memorisation", "no resamples asked for, expected 1 or more");
  check_numbers("a training distance is", evidence.training);
  check_numbers("a held-out distance is", evidence.held_out);
  check_numbers("a ratio is", evidence.fresh_ratio);
  check_numbers("a ratio is", evidence.luck_ratio);

  const PairNumbers whole = numbers_of(evidence);
  MemorisationJudgement judgement;
  judgement.returned_below = kReturnedRatio * median_of(evidence.held_out);
  judgement.returned = whole.returned;
  judgement.returned_by_luck = whole.luck;

  const RandomStream stream(seed, Purpose::kEvaluation);
  std::vector<double> training, held_out, remembered, copied;
  std::int64_t memorising = 0, rule = 0;
  for (std::int64_t k = 0; k < resamples; ++k) {
    const auto at = static_cast<std::uint64_t>(k);
    const PairNumbers n =
        numbers_of({drawn_again(evidence.training, stream, at, 0),
                    drawn_again(evidence.held_out, stream, at, 1), evidence.random_partner,
                    drawn_again(evidence.fresh_ratio, stream, at, 2),
                    drawn_again(evidence.luck_ratio, stream, at, 3)});
    training.push_back(n.training);
    held_out.push_back(n.held_out);
    remembered.push_back(n.remembered);
    copied.push_back(n.copied);
    if (n.pairs() || n.targets()) ++memorising;
    if (n.rule()) ++rule;
  }
  judgement.training_error = interval_of(whole.training, training);
  judgement.held_out_error = interval_of(whole.held_out, held_out);
  judgement.remembered = interval_of(whole.remembered, remembered);
  judgement.copied = interval_of(whole.copied, copied);
  judgement.probability = static_cast<double>(memorising) / static_cast<double>(resamples);
  judgement.probability_of_rule = static_cast<double>(rule) / static_cast<double>(resamples);
  const auto fewest = static_cast<std::size_t>(kFewestJudged);
  if (std::min(evidence.training.size(), evidence.held_out.size()) >= fewest) {
    judgement.verdict = verdict_of(whole, judgement.probability, judgement.probability_of_rule);
  }
  return judgement;
}

Tensor<double> distinct_rows(const Tensor<double>& rows) {
  std::vector<std::int64_t> order(rows.rows());
  std::iota(order.begin(), order.end(), std::int64_t{0});
  const auto less = [&](std::int64_t a, std::int64_t b) {
    return std::ranges::lexicographical_compare(rows.row(a), rows.row(b));
  };
  std::sort(order.begin(), order.end(), less);
  const auto same = [&](std::int64_t a, std::int64_t b) {
    return std::ranges::equal(rows.row(a), rows.row(b));
  };
  order.erase(std::unique(order.begin(), order.end(), same), order.end());
  return select_rows(rows, order);
}

std::vector<std::int64_t> rows_beyond(const Tensor<double>& rows, const Tensor<double>& others) {
  std::vector<std::int64_t> beyond;
  for (std::int64_t row = 0; row < rows.rows(); ++row) {
    std::int64_t begin = 0, end = others.rows();  // the first that is not below it lies in between
    while (begin < end) {
      const std::int64_t middle = std::midpoint(begin, end);
      const bool below = std::ranges::lexicographical_compare(others.row(middle), rows.row(row));
      (below ? begin : end) = below ? middle + 1 : middle;
    }
    const bool found =
        begin < others.rows() && std::ranges::equal(others.row(begin), rows.row(row));
    if (!found) beyond.push_back(row);
  }
  return beyond;
}

bool mostly_fresh(const Tensor<double>& held_out, const Tensor<double>& targets) {
  const auto fresh = static_cast<std::int64_t>(rows_beyond(held_out, targets).size());
  return fresh > 0 && 2 * fresh >= held_out.rows();
}

std::vector<double> luck_ratios(const Tensor<double>& held_out, const Tensor<double>& targets) {
  if (mostly_fresh(held_out, targets)) {
    return nearest_targets(select_rows(held_out, rows_beyond(held_out, targets)), targets).ratio;
  }
  if (targets.rows() < 4) return {};
  const std::vector<std::int64_t> half = random_subset(targets.rows(), targets.rows() / 2, 0);
  std::vector<std::int64_t> others;
  for (std::int64_t row = 0; row < targets.rows(); ++row) {
    if (!std::binary_search(half.begin(), half.end(), row)) others.push_back(row);
  }
  return nearest_targets(select_rows(targets, half), select_rows(targets, others)).ratio;
}

std::vector<bool> returned_pairs(const MemorisationEvidence& evidence) {
  const double bound = kReturnedRatio * median_of(evidence.held_out);
  std::vector<bool> returned;
  for (const double d : evidence.training) returned.push_back(d < bound);
  return returned;
}

}  // namespace gradvar
