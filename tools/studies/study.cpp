#include "tools/studies/study.h"

namespace gradvar {

std::vector<std::unique_ptr<Study>> studies() {
  std::vector<std::unique_ptr<Study>> list;
  list.push_back(make_counterexample_study());
  list.push_back(make_pairing_study());
  list.push_back(make_gaussian_study());
  list.push_back(make_mixture_study());
  list.push_back(make_images_study());
  list.push_back(make_datasets_study());
  list.push_back(make_architectures_study());
  list.push_back(make_longrun_study());
  list.push_back(make_identifiability_study());
  return list;
}

}  // namespace gradvar
