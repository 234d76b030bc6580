// sweep_levels: the finished noise levels of a sweep in a file, so that one that was stopped goes
// on.
//
//   {"settings": {...}, "levels": [{"sigma", "step", "evidence", "variance", "energy"}, ...]}
//
// Settings are all that decides a level's numbers, the weights it starts from among them; a file of
// other settings is begun anew. Judgements are not in it: they are made again from the evidence.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "tools/diagnose/sweep.h"

namespace gradvar {

class SweepLevels {
 public:
  // Reads what is there. An empty path keeps nothing. `seed` is the judgements'.
  SweepLevels(std::string path, nlohmann::json settings, std::uint64_t seed);
  [[nodiscard]] std::optional<SweepPoint> find(double sigma) const;
  // Writes the file, whole, and its directory where there is none.
  void add(const SweepPoint& point);

 private:
  std::string path_;
  std::uint64_t seed_;
  nlohmann::json file_;
};

}  // namespace gradvar
