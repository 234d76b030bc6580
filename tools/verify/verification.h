// verification: the self-check behind `gradvar verify`, as data.
//
// A row is one op, one model, or one fact. Its numbers are largest relative differences, each to
// something that owes nothing to the road it checks: finite differences, the loop over single
// samples, a closed form.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "autograd/gradcheck.h"

namespace gradvar {

struct Measured {
  Difference difference;
  double bound = 0;
  [[nodiscard]] bool within() const { return difference.relative <= bound; }
};

struct VerificationRow {
  std::string group;  // "ops", "models", "facts"
  std::string what;
  std::optional<Measured> finite_difference;  // f64
  std::optional<Measured> loop_f64;
  std::optional<Measured> loop_f32;
  std::optional<Measured> closed_form;
  [[nodiscard]] bool within() const;
};

// One case, all questions.
[[nodiscard]] VerificationRow verify_case(const std::string& group, const GradcheckCase& of);
// What is not an op or a model; tools/verify/facts.cpp.
[[nodiscard]] std::vector<VerificationRow> verify_facts(std::span<const GradcheckCase> models);
// Everything there is.
[[nodiscard]] std::vector<VerificationRow> verify_everything();

[[nodiscard]] bool all_within(std::span<const VerificationRow> rows);
// An aligned table with the bounds below it; what is outside its bound is named with its worst
// element.
void print_verification(std::ostream& out, std::span<const VerificationRow> rows);
// {"pass", "rows": [{"group", "what", "pass", "loop_f64": {"relative", "bound", "where"}, ...}]}. A
// column that was not measured is left out; a difference that is not finite is null.
[[nodiscard]] nlohmann::json to_json(std::span<const VerificationRow> rows);

}  // namespace gradvar
