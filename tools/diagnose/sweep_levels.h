// sweep_levels: the finished noise levels of a sweep in a file, so that one that was stopped goes
// on.
//
//   {"settings": {...}, "levels": [{"sigma", "step", "evidence", "variance", "energy"}, ...]}
//
// Settings are all that decides a level's numbers, the weights it starts from and the format of the
// file among them. A file of other settings, or one that cannot be read, is put aside when the
// first level is finished, for it may have taken hours. Judgements are not in it: they are made
// again from the evidence.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tools/diagnose/sweep.h"

namespace gradvar {

class SweepLevels {
 public:
  // Reads what is there. An empty path keeps nothing. `seed` is the judgements'; `note` takes
  // where an earlier file was put, and may be empty.
  SweepLevels(std::string path, nlohmann::json settings, std::uint64_t seed,
              std::function<void(const std::string&)> note = {});
  [[nodiscard]] std::optional<SweepPoint> find(double sigma) const;
  // Writes the file, whole, and its directory where there is none.
  void add(const SweepPoint& point);

 private:
  void read(std::uint64_t seed);
  void put_aside();

  std::string path_;
  std::function<void(const std::string&)> note_;
  nlohmann::json file_;
  std::vector<SweepPoint> points_;  // of the levels read
  std::string aside_;               // why what is there cannot be used; empty when it can
};

}  // namespace gradvar
