// words: a diagnosis in plain words with its numbers.
#pragma once

#include <string>
#include <string_view>

#include "tools/diagnose/diagnosis.h"
#include "tools/studies/spread.h"

namespace gradvar {

// Instead of any verdict, where weights that saw no pair memorise already.
inline constexpr std::string_view kNotComparable = "not comparable";

// "memorises its pairs (probability over 0.99 ...)": the answer in a sentence.
[[nodiscard]] std::string verdict_sentence(const Diagnosis& diagnosis);
// Since when, in a sentence, and where it is unknown how to find out.
[[nodiscard]] std::string onset_sentence(const Diagnosis& diagnosis);
// What the gradient variance alone would have said, and whether it misleads (Proposition 1).
[[nodiscard]] std::string variance_sentence(const Diagnosis& diagnosis);
// Does the gradient norm of a pair tell whether it comes back.
[[nodiscard]] std::string pairs_sentence(const Diagnosis& diagnosis);
// What the answer does not cover.
[[nodiscard]] std::string limits_sentence(const Diagnosis& diagnosis);
// All of it, for a terminal.
[[nodiscard]] std::string plain_words(const Diagnosis& diagnosis);

// "98 % [95, 100]".
[[nodiscard]] std::string share_text(const Interval& share);
// Lines of at most 100 columns, broken between words.
[[nodiscard]] std::string wrapped(const std::string& text);
// "0.97", "over 0.99", "under 0.01".
[[nodiscard]] std::string probability_text(double probability);

}  // namespace gradvar
