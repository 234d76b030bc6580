#include "tools/diagnose/json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tools/diagnose/words.h"
#include "tools/json_number.h"

namespace gradvar {

namespace {

const char* word_of(MemorisationVerdict verdict) {
  switch (verdict) {
    case MemorisationVerdict::kMemorises:
      return "memorises";
    case MemorisationVerdict::kCopies:
      return "copies";
    case MemorisationVerdict::kRule:
      return "rule";
    case MemorisationVerdict::kDoesNot:
      return "does not";
    case MemorisationVerdict::kUndecided:
      return "undecided";
    case MemorisationVerdict::kTooFew:
      return "too few";
  }
  return "";
}

const char* word_of(Onset::Kind kind) {
  switch (kind) {
    case Onset::Kind::kNever:
      return "never";
    case Onset::Kind::kBetween:
      return "between";
    case Onset::Kind::kUnknown:
      return "unknown";
    case Onset::Kind::kFromTheStart:
      return "from the start";
  }
  return "";
}

// Takes back what a snapshot claims; its numbers stay.
void withdraw(nlohmann::json& snapshot) {
  snapshot["verdict"] = kNotComparable;
  snapshot["memorises"] = snapshot["probability"] = nullptr;
}

nlohmann::json onset_json(const Onset& onset) {
  if (onset.kind == Onset::Kind::kNever) return nullptr;
  const bool known = onset.kind == Onset::Kind::kBetween;
  return {{"kind", word_of(onset.kind)},
          {"known", known},
          {"after", known ? nlohmann::json(onset.after) : nlohmann::json(nullptr)},
          {"by", onset.by}};
}

}  // namespace

nlohmann::json to_json(const Interval& interval) {
  return {{"mean", json_number(interval.mean)},
          {"low", json_number(interval.low)},
          {"high", json_number(interval.high)}};
}

nlohmann::json to_json(const Snapshot& snapshot) {
  const MemorisationJudgement& j = snapshot.judgement;
  const VariancePair& v = snapshot.variance;
  const bool open =
      j.verdict == MemorisationVerdict::kUndecided || j.verdict == MemorisationVerdict::kTooFew;
  return {{"step", snapshot.step},
          {"verdict", word_of(j.verdict)},
          {"memorises", open ? nlohmann::json(nullptr) : nlohmann::json(j.memorises())},
          {"probability", j.probability},
          {"probability_of_rule", j.probability_of_rule},
          {"training_error", to_json(j.training_error)},
          {"held_out_error", to_json(j.held_out_error)},
          {"returned_below", j.returned_below},
          {"returned", j.returned},
          {"returned_by_luck", j.returned_by_luck},
          {"remembered", to_json(j.remembered)},
          {"copied", to_json(j.copied)},
          {"variance",
           {{"training", json_number(v.training)},
            {"held_out", json_number(v.held_out)},
            {"training_loss", json_number(v.training_loss)},
            {"held_out_loss", json_number(v.held_out_loss)}}}};
}

nlohmann::json to_json(const Diagnosis& d) {
  nlohmann::json json = to_json(d.last());
  json["subject"] = d.subject;
  json["solver"] = d.solver;
  json["random_partner"] = d.reference.random_partner;
  json["held_out"] = {{"pairs", d.last().evidence.held_out.size()},
                      {"origin", d.reference.held_out.origin},
                      {"predicted", d.reference.prediction.has_value()}};
  if (d.reference.prediction) json["held_out"]["explained"] = d.reference.prediction->explained;
  json["since"] = onset_json(d.onset);
  json["through_training"] = nlohmann::json::array();
  for (const Snapshot& s : d.through_training) json["through_training"].push_back(to_json(s));
  if (!d.comparable()) {
    withdraw(json);
    for (nlohmann::json& snapshot : json["through_training"]) withdraw(snapshot);
  }
  json["pairs"] = {{"count", d.pairs.size()},
                   {"returned", std::count_if(d.pairs.begin(), d.pairs.end(),
                                              [](const DiagnosedPair& p) { return p.returned; })},
                   {"norm_and_distance", json_number(d.norm_and_distance)}};
  json["words"] = {{"verdict", verdict_sentence(d)},
                   {"since", onset_sentence(d)},
                   {"variance", variance_sentence(d)},
                   {"pairs", pairs_sentence(d)},
                   {"limits", limits_sentence(d)}};
  return json;
}

}  // namespace gradvar
