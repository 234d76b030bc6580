// association: does low gradient variance go with memorising? What the studies of data sets,
// architectures and long runs share: one mark a run, one rank correlation a seed, one conclusion.
//
//   memorisation  distance to the training partner over that between random partners: 0 when all
//                 partners come back
//   variance      trace of the gradient covariance, exact on the pairs, at the end over before the
//                 first step: without units, so that networks and data sets can share an axis
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tools/report/figure.h"
#include "tools/studies/training_study.h"

namespace gradvar {

// Runs of one kind: groups of the same colour and marker, one mark a run.
struct Marks {
  std::string label;
  report::Style style;
  std::vector<Group> groups;
};

// Of one run, by any solver asked at the end.
struct RunNumbers {
  double memorisation = 0, variance = 0;
};
[[nodiscard]] RunNumbers run_numbers(const TaskResults& results, const std::string& id,
                                     const SolverOptions& solver);

// Rank correlation of memorisation with variance over all runs of a seed, one value a seed: above 0
// when who memorises better has the lower variance.
[[nodiscard]] Spread association(const TaskResults& results, const std::vector<Marks>& marks,
                                 const SolverOptions& solver);

[[nodiscard]] report::Panel association_panel(const TaskResults& results,
                                              const std::vector<Marks>& marks,
                                              const SolverOptions& solver);

// A study of this kind: its runs, and the words around them. Fixed pairs are held against pairs
// resampled at every step, which leave nothing to memorise.
struct AssociationPlan {
  struct Kind {
    std::string id, label;
    TrainingCell cell;  // all but id and seed
  };
  struct KindGroup {
    std::string label;
    report::Style style;
    std::vector<Kind> kinds;
  };
  std::string name, title, question, claim, text;
  std::array<std::string, 3> durations;
  std::function<int(const StudyOptions& options)> seeds;
  std::function<std::vector<KindGroup>(const StudyOptions& options)> groups;
};
[[nodiscard]] std::unique_ptr<Study> make_association_study(AssociationPlan plan);

}  // namespace gradvar
