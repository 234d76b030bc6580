// memorisation: does a flow remember its training pairs: the rule of `gradvar diagnose`, in words.
//
// A flow that brings a training source x0_i to its partner x1_i may have learned that pair, or the
// rule by which all pairs were made: between the pairs of an affine map nothing is left to
// remember, and to return them is right. What tells the two apart is pairs of the same coupling
// that training did not see. So everything is a comparison of two errors,
//
//   d_i = |F(x0_i) - x1_i|   of training pairs,     e_j   the same of held-out pairs
//
// in units of R, the mean distance between targets of different pairs:
//
//   1. The rule explains the pairs: median e < kRuleExplains R. Held-out partners are found nearly
//      as well as training's: generalisation, however small d is. Below this scale memorising and
//      generalising cannot be told apart, and no claim is made.
//   2. A training pair is *returned* when d_i < (1/3) median e: three times nearer than a flow that
//      had not seen it would come, the 1/3 of the nearest-neighbour rule. Held-out pairs fall below
//      that by luck too, in two dimensions one in ten, so the luck is taken off:
//
//        remembered = (share of d below - share of e below) / (1 - share of e below)
//
//      0 when training pairs are like any others, 1 when every one is returned.
//   3. A flow may also forget its pairs and *copy its targets*: points from fresh sources that lie
//      on a training target (distance to the nearest under 1/3 of that to the next one) more often
//      than other points of the target's law do, with the same correction for luck. That is what
//      sources drawn anew at every step and few targets lead to.
//
// The run memorises when `remembered`, where the rule does not explain the pairs, or `copied`
// exceeds kMemorisedShare. How sure: all sets of numbers are drawn again with replacement, and the
// share of resamples in which that holds is the probability; between 5 % and 95 % the answer is
// "undecided". It says how sure these pairs and these held-out pairs make us of *this* run; another
// training run, of another seed, is not in it.
//
// Limits. Few pairs: below kFewestJudged of either kind there is no answer. Held-out pairs must be
// of the same coupling; where it is unknown, leave-one-out predictions from the other pairs
// (cross_prediction.h) stand in for e, and a coupling whose rule no smooth map expresses looks
// random to them. The answer is of one solver, which is part of the flow.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "autograd/tensor.h"
#include "flow/intervals.h"

namespace gradvar {

inline constexpr double kReturnedRatio = 1.0 / 3;
inline constexpr double kRuleExplains = 0.15;
inline constexpr double kMemorisedShare = 0.25;
inline constexpr double kSure = 0.95;
inline constexpr std::int64_t kFewestJudged = 10;

// Distances in the units of the data.
struct MemorisationEvidence {
  std::vector<double> training{};  // d_i
  std::vector<double> held_out{};  // e_j
  double random_partner = 0;       // R
  // Distance to the nearest training target over that to the second nearest: of generated points,
  // and of points of the target's law. Both may be empty.
  std::vector<double> fresh_ratio{}, luck_ratio{};
};

enum class MemorisationVerdict {
  kMemorises,  // the pairs come back, and no rule explains it
  kCopies,     // the targets come back, from fresh sources
  kRule,       // held-out partners are found too: the map was learned
  kDoesNot,    // neither pairs nor targets come back
  kUndecided,  // the numbers do not decide
  kTooFew,     // of one kind of pair there are fewer than kFewestJudged
};
// "memorises its pairs", "copies its targets", ...
[[nodiscard]] std::string_view to_string(MemorisationVerdict verdict);

struct MemorisationJudgement {
  MemorisationVerdict verdict = MemorisationVerdict::kTooFew;
  double probability = 0;                     // that the run memorises, in either way
  double returned_below = 0;                  // (1/3) median e, a distance
  double returned = 0, returned_by_luck = 0;  // shares of training and of held-out pairs below it
  // 95 % intervals, bootstrapped. Errors are medians over R; a ratio of medians beside them.
  Interval training_error{}, held_out_error{}, remembered{};
  Interval copied{};               // NaN without ratios
  double probability_of_rule = 0;  // of 1.

  [[nodiscard]] bool memorises() const {
    return verdict == MemorisationVerdict::kMemorises || verdict == MemorisationVerdict::kCopies;
  }
};

// Throws std::invalid_argument when there is no pair of either kind, a number is negative or not
// finite, R is not positive, or only one of the two sets of ratios is given.
[[nodiscard]] MemorisationJudgement judge_memorisation(const MemorisationEvidence& evidence,
                                                       std::uint64_t seed = 0,
                                                       std::int64_t resamples = 1000);

// Every row once, in lexicographic order: of a repeated target the nearest and the second nearest
// are one point, and a generated point on it has the ratio 1.
[[nodiscard]] Tensor<double> distinct_rows(const Tensor<double>& rows);
// Which rows are none of the others, ascending. REQUIRES: others from distinct_rows().
[[nodiscard]] std::vector<std::int64_t> rows_beyond(const Tensor<double>& rows,
                                                    const Tensor<double>& others);
// Whether held-out targets are a sample of the law beside the training targets, rather than these
// again, as they are where targets repeat or are a file of points: half of them are no training
// targets. REQUIRES: targets from distinct_rows().
[[nodiscard]] bool mostly_fresh(const Tensor<double>& held_out, const Tensor<double>& targets);
// luck_ratio of (3): of the held-out targets that are no training targets, where they are mostly
// fresh. Otherwise of one half of the training targets near the other, which takes 4; empty with
// fewer. REQUIRES: targets from distinct_rows(), 2 or more.
[[nodiscard]] std::vector<double> luck_ratios(const Tensor<double>& held_out,
                                              const Tensor<double>& targets);

// Which training pairs come back: d_i < (1/3) median e.
[[nodiscard]] std::vector<bool> returned_pairs(const MemorisationEvidence& evidence);

}  // namespace gradvar
