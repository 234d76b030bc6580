#include "tools/diagnose/split.h"

#include <filesystem>

#include "autograd/random.h"
#include "flow/distances.h"
#include "io/directory_swap.h"
#include "tools/pairs_file.h"

namespace gradvar {

SplitPairs::SplitPairs(const std::string& file, std::uint64_t seed) {
  const PairsFile whole = read_pairs_file(file, "--pairs");
  split_ = {file, seed, std::vector<std::int64_t>(whole.pairs.x0.rows())};
  RandomStream(seed, Purpose::kPairing).permutation(0, split_.rows);
  SafetensorsWriter writer;
  writer.add("x0", select_rows(whole.pairs.x0, split_.rows));
  writer.add("x1", select_rows(whole.pairs.x1, split_.rows));
  for (const auto& [key, value] : whole.metadata) writer.set_metadata(key, value);
  namespace fs = std::filesystem;
  directory_ = temporary_directory((fs::temp_directory_path() / "gradvar-pairs").string());
  path_ = (fs::path(directory_) / "pairs.safetensors").string();
  try {
    writer.write(path_);
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
    throw;
  }
}

SplitPairs::~SplitPairs() {
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

}  // namespace gradvar
