#include "tools/diagnose/report.h"

#include "flow/intervals.h"
#include "io/number_text.h"
#include "tools/diagnose/figures.h"
#include "tools/diagnose/sweep_words.h"
#include "tools/diagnose/words.h"
#include "tools/machine.h"
#include "tools/report/html.h"
#include "tools/report/markup.h"
#include "tools/report/number.h"

namespace gradvar {

namespace {

using report::Align;
using report::format_integer;
using report::format_number;
using report::literal;
using report::Table;

Table training_rows(const Diagnosis& diagnosis) {
  Table table;
  table.columns = {{"step"},
                   {"training error"},
                   {"held-out error"},
                   {"remembered"},
                   {"variance, training"},
                   {"variance, held-out"},
                   {"verdict", Align::kLeft}};
  for (const Snapshot& s : diagnosis.through_training) {
    const MemorisationJudgement& j = s.judgement;
    table.rows.push_back(
        {format_integer(s.step), interval_text(j.training_error), interval_text(j.held_out_error),
         share_text(j.remembered), format_number(s.variance.training),
         format_number(s.variance.held_out),
         std::string(diagnosis.comparable() ? to_string(j.verdict) : kNotComparable)});
  }
  return table;
}

Table sweep_rows(const Sweep& sweep) {
  Table table;
  table.columns = {{"*σ*"}, {"remembered"}, {"energy distance"}, {"verdict", Align::kLeft}};
  for (std::size_t i = 0; i < sweep.points.size(); ++i) {
    const SweepPoint& p = sweep.points[i];
    const std::string energy =
        p.energy.size() < 2 ? "–" : interval_text(student_interval(p.energy));
    report::Cell sigma(number_text(p.sigma));
    sigma.best = sweep.recommended == i;
    table.rows.push_back({sigma, share_text(p.snapshot.judgement.remembered), energy,
                          std::string(to_string(p.snapshot.judgement.verdict))});
  }
  return table;
}

}  // namespace

void write_diagnosis_report(const std::filesystem::path& directory, const Diagnosis& diagnosis,
                            const std::optional<Sweep>& sweep, const std::string& command) {
  const MemorisationJudgement& j = diagnosis.last().judgement;
  report::Report page("Does it memorise?", literal(diagnosis.subject));
  const auto figure = [&](const char* name, const report::Figure& what, const std::string& text,
                          const std::string& spread) {
    page.figure(write_figure(what, directory / "figures", name), {text, "", spread, command});
  };
  page.lead("**" + literal(verdict_sentence(diagnosis)) + "** " +
            literal(onset_sentence(diagnosis)));
  page.lead(literal(variance_sentence(diagnosis)));
  if (sweep) page.lead(literal(sweep_sentence(*sweep)));
  page.section("How it is told");
  page.paragraph(
      "Every training source is followed by the flow, " + literal(diagnosis.solver) +
      ", and so are the sources of " + literal(diagnosis.reference.held_out.origin) +
      ". A pair *returns* when its point lands nearer to its partner than a third of the median "
      "distance of held-out pairs to theirs, " +
      format_number(j.returned_below) + "; " + share_text(j.remembered) +
      " of the pairs return beyond what luck gives held-out ones. Where held-out partners are "
      "found within " +
      format_number(kRuleExplains, 2) + " of the distance between random partners, " +
      format_number(diagnosis.reference.random_partner) +
      ", the pairing is a rule that was learned, and returning pairs is right.");
  page.paragraph(literal(limits_sentence(diagnosis)));
  page.section("Since when");
  figure("training", figure_through_training(diagnosis),
         "Median distance of generated points to their partners, and the exact variance of one "
         "sample's gradient, on training pairs and on held-out ones.",
         "band: 95 % bootstrap interval over pairs");
  page.table("steps", training_rows(diagnosis),
             {"Distances in units of that between random partners, with 95 % intervals over pairs.",
              "", "", command});
  page.section("Which pairs");
  page.paragraph(literal(pairs_sentence(diagnosis)));
  figure("pairs", figure_of_pairs(diagnosis),
         "A point a training pair. Numbers of all are in `by_pair.csv`.", "");
  if (sweep) {
    page.section("Which noise breaks it");
    page.paragraph(literal(sweep_sentence(*sweep)));
    figure("sweep", figure_of_sweep(*sweep),
           "What is remembered, and the energy distance of points from fresh sources to held-out "
           "targets, after " +
               format_integer(sweep->steps) + " more steps with noise *σ*.",
           "bars: 95 % intervals, bootstrapped over pairs and Student's over sets");
    page.table("noise", sweep_rows(*sweep), {"Recommended in bold.", "", "", command});
  }
  page.section("Set-up");
  page.code(run_toml(diagnosis.config));
  page.machine(describe_machine());
  page.write(directory / "report.html");
}

}  // namespace gradvar
