#include "tools/verify/verification.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "autograd/op_cases.h"
#include "tools/verify/loop_difference.h"
#include "tools/verify/model_cases.h"

namespace gradvar {

namespace {

// Batches cut and weighted in several ways; the worst counts.
constexpr LoopSetup kSetups[] = {{.lanes = 1}, {.lanes = 3}, {.lanes = 4, .weighted = true}};

template <class Real>
Measured loop(const GradcheckCase& of) {
  Difference worst = batch_of_one_difference<Real>(of);
  for (const LoopSetup& setup : kSetups) keep_worse(worst, loop_difference<Real>(of, setup));
  return {worst, kExactness<Real>};
}

struct CheckColumn {
  const char* title;
  const char* key;
  std::optional<Measured> VerificationRow::*measured;
  double bound;
};
constexpr std::array kColumns = {
    CheckColumn{"f64 fd", "finite_difference", &VerificationRow::finite_difference,
                kFiniteDifferenceBound},
    CheckColumn{"f64 loop", "loop_f64", &VerificationRow::loop_f64, kExactness<double>},
    CheckColumn{"f32 loop", "loop_f32", &VerificationRow::loop_f32, kExactness<float>},
    CheckColumn{"closed form", "closed_form", &VerificationRow::closed_form, kExactness<double>}};

std::string text(const std::optional<Measured>& measured) {
  if (!measured.has_value()) return "-";
  if (measured->difference.relative == 0) return "0";
  if (std::isinf(measured->difference.relative)) return "inf";
  char number[32];
  std::snprintf(number, sizeof number, "%.1e", measured->difference.relative);
  return number;
}

std::string padded(const std::string& text, int width) {
  return std::string(std::max(0, width - static_cast<int>(text.size())), ' ') + text;
}

constexpr int kWidth = 13;

}  // namespace

bool VerificationRow::within() const {
  return std::ranges::all_of(kColumns, [this](const CheckColumn& column) {
    const std::optional<Measured>& measured = this->*column.measured;
    return !measured.has_value() || measured->within();
  });
}

VerificationRow verify_case(const std::string& group, const GradcheckCase& of) {
  VerificationRow row{.group = group,
                      .what = of.name,
                      .finite_difference = Measured{finite_difference(of), kFiniteDifferenceBound},
                      .loop_f64 = loop<double>(of),
                      .loop_f32 = loop<float>(of),
                      .closed_form = std::nullopt};
  if (of.reference) row.closed_form = {forward_difference<double>(of), kExactness<double>};
  return row;
}

std::vector<VerificationRow> verify_everything() {
  std::vector<VerificationRow> rows;
  for (const GradcheckCase& of : op_cases()) rows.push_back(verify_case("ops", of));
  const std::vector<GradcheckCase> models = model_cases();
  for (const GradcheckCase& of : models) rows.push_back(verify_case("models", of));
  for (VerificationRow& row : verify_facts(models)) rows.push_back(std::move(row));
  return rows;
}

bool all_within(std::span<const VerificationRow> rows) {
  return std::ranges::all_of(rows, &VerificationRow::within);
}

void print_verification(std::ostream& out, std::span<const VerificationRow> rows) {
  std::size_t name = 24;
  for (const VerificationRow& row : rows) name = std::max(name, row.what.size() + 2);
  const auto line = [&](const std::string& what, const auto& cell, const std::string& verdict) {
    out << what << std::string(name - std::min(name, what.size()), ' ');
    for (const CheckColumn& column : kColumns) out << padded(cell(column), kWidth);
    out << (verdict.empty() ? "" : "   ") << verdict << '\n';
  };
  line(
      "what", [](const CheckColumn& column) { return std::string(column.title); }, "verdict");
  std::string group;
  for (const VerificationRow& row : rows) {
    if (row.group != group) {
      group = row.group;
      out << group << '\n';
    }
    line(
        "  " + row.what, [&](const CheckColumn& column) { return text(row.*column.measured); },
        row.within() ? "exact" : "WRONG");
  }
  line(
      "promised within",
      [](const CheckColumn& column) {
        return text(Measured{{column.bound, {}}, column.bound});
      },
      "");
  out << "\nLargest differences, relative to the largest number of the tensor compared.\n"
         "  fd           gradients of inputs and parameters against central finite differences;\n"
         "               how close these can come themselves is what sets the bound\n"
         "  loop         gradients, mean, variance, norms and Gram matrix of a batch, in 1, 3 and "
         "4\n"
         "               lanes, with and without weights, against a loop over single samples\n"
         "  closed form  outputs (models, ops) or results (facts) against a plain formula;\n"
         "               f32 facts are held to the f32 bound\n";
  for (const VerificationRow& row : rows) {
    for (const CheckColumn& column : kColumns) {
      const std::optional<Measured>& measured = row.*column.measured;
      if (!measured.has_value() || measured->within()) continue;
      out << "WRONG, " << column.title << ": " << measured->difference.where << '\n';
    }
  }
}

nlohmann::json to_json(std::span<const VerificationRow> rows) {
  nlohmann::json all = nlohmann::json::array();
  for (const VerificationRow& row : rows) {
    nlohmann::json one = {{"group", row.group}, {"what", row.what}, {"pass", row.within()}};
    for (const CheckColumn& column : kColumns) {
      const std::optional<Measured>& measured = row.*column.measured;
      if (!measured.has_value()) continue;
      one[column.key] = {{"relative", measured->difference.relative},
                         {"bound", measured->bound},
                         {"where", measured->difference.where}};
    }
    all.push_back(std::move(one));
  }
  return {{"pass", all_within(rows)}, {"rows", std::move(all)}};
}

}  // namespace gradvar
