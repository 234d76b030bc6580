#include "tools/diagnose/words.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "tools/monitor.h"

namespace gradvar {

namespace {

template <class... Values>
std::string formatted(const char* format, Values... values) {
  char text[256];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

std::string percent_text(double share) { return formatted("%.0f %%", 100 * share); }

std::string steps_text(std::int64_t step) { return "step " + std::to_string(step); }

// Gradient variance below this share of its value before training counts as low.
constexpr double kLow = 0.1;
// And that of held-out pairs so many times above that of training pairs as a sign of memory.
constexpr double kApart = 3;

// What the variance means beside the verdict, which is by distances: the two must not contradict
// each other unsaid.
std::string meaning_of_variance(const Diagnosis& d, bool low, bool apart) {
  if (!d.comparable()) return "these are pairs of two kinds, and nothing follows about memory.";
  const MemorisationJudgement& j = d.last().judgement;
  const bool open =
      j.verdict == MemorisationVerdict::kUndecided || j.verdict == MemorisationVerdict::kTooFew;
  if (open) {
    return apart ? "the field fits the pairs it has seen better than others, but whether the flow "
                   "remembers them is undecided."
                 : "alike on both, which does not decide whether the flow remembers.";
  }
  if (j.memorises() && apart) {
    return low ? "alone, the low variance would mislead, for the optimal field has none either "
                 "(Proposition 1). It is low because these pairs were seen."
               : "the field fits the pairs it has seen better than others.";
  }
  if (j.memorises()) {
    return std::string(low ? "low on both" : "the same kind of mismatch on both") +
           ". It does not show the memory, for the run " +
           (j.verdict == MemorisationVerdict::kCopies
                ? "copies its targets, whichever source they start from."
                : "returns its pairs and not others.");
  }
  if (apart) {
    return std::string("the field fits the pairs it has seen better than others, ") +
           (j.verdict == MemorisationVerdict::kRule
                ? "and still the flow finds the partners of both: a rule was learned."
                : "but the flow brings them back no better.");
  }
  return low ? "low on both, so here it does mean that the field matches the coupling."
             : "the same kind of mismatch on both, no sign of memory.";
}

std::string distances_text(const MemorisationJudgement& j) {
  return " In units of random partners' distance, held-out points end " +
         formatted("%.3g", j.held_out_error.mean) + " from their partners, training points " +
         formatted("%.3g", j.training_error.mean) + ".";
}

std::string numbers_table(const Diagnosis& d) {
  const MemorisationJudgement& j = d.last().judgement;
  std::string text;
  const auto row = [&](const char* name, const std::string& value, const std::string& note) {
    text += formatted("  %-28s %-26s ", name, value.c_str()) + note + "\n";
  };
  row("error at training pairs", interval_text(j.training_error),
      "median distance to the partner, in units of random partners'");
  row(d.reference.held_out.any() ? "error at held-out pairs" : "error of predicting pairs",
      interval_text(j.held_out_error), d.reference.held_out.origin);
  row("training pairs that return", percent_text(j.returned),
      "nearer than " + short_number(j.returned_below) + "; by luck " +
          percent_text(j.returned_by_luck));
  row("remembered beyond luck", share_text(j.remembered), "of the pairs");
  if (std::isfinite(j.copied.mean)) {
    row("targets copied beyond luck", share_text(j.copied), "of points from fresh sources");
  }
  return text;
}

std::string training_table(const Diagnosis& d) {
  std::string text =
      formatted("  %-8s %12s %12s %12s %14s %14s  %s\n", "step", "training", "held-out",
                "remembered", "var. training", "var. held-out", "verdict");
  for (const Snapshot& s : d.through_training) {
    const MemorisationJudgement& j = s.judgement;
    text += formatted("  %-8lld %12.3g %12.3g %11.0f%% %14.4g %14.4g  ",
                      static_cast<long long>(s.step), j.training_error.mean, j.held_out_error.mean,
                      100 * j.remembered.mean, s.variance.training, s.variance.held_out) +
            std::string(d.comparable() ? to_string(j.verdict) : kNotComparable) + "\n";
  }
  return text;
}

std::string pair_table(const Diagnosis& d) {
  std::vector<DiagnosedPair> by_distance = d.pairs;
  std::sort(by_distance.begin(), by_distance.end(),
            [](const auto& a, const auto& b) { return a.distance < b.distance; });
  std::string text =
      formatted("  %-8s %12s %15s %12s\n", "pair", "distance", "gradient norm", "loss");
  const auto rows = [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const DiagnosedPair& p = by_distance[i];
      text += formatted("  %-8lld %12.4g %15.4g %12.4g  %s\n", static_cast<long long>(p.pair),
                        p.distance, p.gradient_norm, p.loss, p.returned ? "returned" : "");
    }
  };
  constexpr std::size_t kShown = 3;
  if (by_distance.size() <= 2 * kShown) {
    rows(0, by_distance.size());
  } else {
    rows(0, kShown);
    text += "  ...\n";
    rows(by_distance.size() - kShown, by_distance.size());
  }
  return text;
}

}  // namespace

std::string wrapped(const std::string& text) {
  std::string lines, line;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    if (!line.empty() && line.size() + 1 + word.size() > 100) {
      lines += line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
    at = end + 1;
  }
  return lines + line + "\n";
}

std::string share_text(const Interval& share) {
  return formatted("%.0f %% [%.0f, %.0f]", 100 * share.mean, 100 * share.low, 100 * share.high);
}

std::string probability_text(double probability) {
  if (probability > 0.99) return "over 0.99";
  if (probability < 0.01) return "under 0.01";
  return formatted("%.2f", probability);
}

std::string verdict_sentence(const Diagnosis& d) {
  const MemorisationJudgement& j = d.last().judgement;
  std::string text = "After " + std::to_string(d.last().step) + " steps the run ";
  if (!d.comparable()) {
    return text +
           "may or may not memorise: undecided, for by this comparison weights that had seen no "
           "pair would memorise already.";
  }
  switch (j.verdict) {
    case MemorisationVerdict::kMemorises:
      text += (j.remembered.mean > 0.5 ? "memorises its pairs" : "memorises part of its pairs");
      text +=
          ": sources of training come back to their own partners, which a flow that had not "
          "seen the pairs would not find";
      break;
    case MemorisationVerdict::kCopies:
      text += "copies its targets: points from fresh sources lie on training targets";
      break;
    case MemorisationVerdict::kRule:
      text +=
          "does not memorise: it returns its pairs no better than their rule asks, for it finds "
          "the partners of pairs it has not seen as well";
      break;
    case MemorisationVerdict::kDoesNot:
      text +=
          "does not memorise: training pairs are no nearer to coming back than pairs it has "
          "not seen, to speak of";
      break;
    case MemorisationVerdict::kUndecided:
      return text + "may or may not memorise: undecided, for the numbers lie on the border.";
    case MemorisationVerdict::kTooFew:
      return text + "cannot be judged: undecided, for fewer than " + std::to_string(kFewestJudged) +
             " pairs of training or held out say too little.";
  }
  return text + " (probability of memorising " + probability_text(j.probability) + ").";
}

std::string onset_sentence(const Diagnosis& d) {
  switch (d.onset.kind) {
    case Onset::Kind::kNever:
      return "";
    case Onset::Kind::kBetween:
      return "It began between " + steps_text(d.onset.after) + " and " + steps_text(d.onset.by) +
             (d.through_training.size() > 2 ? ", and went on since." : ".");
    case Onset::Kind::kUnknown:
      return "Since which step is not known: no checkpoint before " + steps_text(d.onset.by) +
             " was kept. Train with --checkpoint-every N --keep 1000 to find out.";
    case Onset::Kind::kFromTheStart:
      return std::string(d.reference.held_out.any()
                             ? "The held-out pairs are not of one kind with those trained on"
                             : "Predictions from the other pairs are no measure of these pairs") +
             ", so nothing follows about memory, and no noise level is looked for." +
             (d.reference.held_out.later_rows ? " Is the file of pairs in some order?" : "");
  }
  return "";
}

std::string variance_sentence(const Diagnosis& d) {
  const VariancePair& now = d.last().variance;
  const MemorisationJudgement& j = d.last().judgement;
  const double before = d.through_training.front().variance.training;
  const std::string fell =
      "On training pairs the gradient variance is " + short_number(now.training) + ", " +
      formatted("%.2g", now.training / before) + " of its value before training";
  const bool low = now.training < kLow * before;
  if (!std::isfinite(now.held_out)) {
    return fell + (low ? ". Low variance says only that the field fits these pairs (Proposition 1: "
                         "the optimal field has none either); there are no held-out pairs to tell "
                         "memory from a rule by."
                       : ".");
  }
  const bool apart = now.held_out > kApart * now.training;
  std::string text = fell + ", on held-out pairs " + short_number(now.held_out);
  if (apart) text += ", " + formatted("%.2g", now.held_out / now.training) + " times as much";
  return text + ": " + meaning_of_variance(d, low, apart) + distances_text(j);
}

std::string pairs_sentence(const Diagnosis& d) {
  const auto returned =
      std::count_if(d.pairs.begin(), d.pairs.end(), [](const auto& p) { return p.returned; });
  std::string text =
      std::to_string(returned) + " of " + std::to_string(d.pairs.size()) + " pairs return";
  if (!d.comparable()) text += ", as far as they can be compared";
  if (std::isfinite(d.norm_and_distance)) {
    text += "; the rank correlation of a pair's gradient norm with its distance is " +
            formatted("%.2f", d.norm_and_distance);
    text += d.norm_and_distance > 0.5 ? ": pairs with small gradients end nearer to their partners"
                                      : ": the gradient norm hardly tells which";
  }
  return text + ".";
}

std::string limits_sentence(const Diagnosis& d) {
  std::string text = d.comparable()
                         ? "The probability is over other pairs of the same coupling, for this run "
                           "and the solver " +
                               d.solver + "; other seeds of training are not in it."
                         : "All distances are of the solver " + d.solver + ".";
  if (d.reference.held_out.any() && !d.reference.held_out.fresh_targets) {
    text += " Held-out pairs end at training targets: these are few, or a file of points.";
  }
  if (!d.reference.held_out.any()) {
    text +=
        " A rule that no smooth map expresses would look random here; hold out pairs to be "
        "sure (--pairs below the number in the file).";
  }
  if (d.reference.held_out.later_rows) {
    text +=
        " Held-out pairs are the later rows of the file: in a sorted file they differ from the "
        "earlier ones for that alone, so shuffle it before training.";
  }
  if (d.config.pairing == "resampled") {
    text += " Pairs are drawn anew at every step: those judged here were never trained on.";
  }
  return text;
}

std::string plain_words(const Diagnosis& d) {
  std::string text = wrapped(d.subject + ": " + verdict_sentence(d)) + "\n" + numbers_table(d);
  const std::string onset = onset_sentence(d);
  text += "\n";
  if (!onset.empty()) text += wrapped(onset);
  text += training_table(d) + "\n" + wrapped(variance_sentence(d)) + "\n" +
          wrapped(pairs_sentence(d)) + pair_table(d);
  return text + "\n" + wrapped(limits_sentence(d));
}

}  // namespace gradvar
