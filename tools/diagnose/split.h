// split: a file of pairs in a random order, so that its first rows and its last ones are samples of
// one coupling. Files come sorted, by class or by when rows were made, and a model trained on the
// one end of such a file is no judge of the other.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gradvar {

// Where the rows of a split file were: 0-based rows of `file`.
struct PairsSplit {
  std::string file{};
  std::uint64_t seed = 0;
  std::vector<std::int64_t> rows{};  // all of them; training takes the first
};

// A copy of the file in that order, for as long as this lives: a run reads its pairs from a file.
class SplitPairs {
 public:
  // Throws std::invalid_argument "--pairs: ..." as read_pairs_file does.
  SplitPairs(const std::string& file, std::uint64_t seed);
  ~SplitPairs();
  SplitPairs(const SplitPairs&) = delete;
  SplitPairs& operator=(const SplitPairs&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const PairsSplit& split() const { return split_; }

 private:
  std::string directory_, path_;
  PairsSplit split_;
};

}  // namespace gradvar
