#include "nn/checkpoint_directory.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

#include "autograd/check.h"
#include "io/directory_swap.h"

namespace gradvar {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kPrefix = "step-";
constexpr std::size_t kDigits = 8;  // at least; more steps have more

fs::path checkpoints_of(const fs::path& run) { return run / "checkpoints"; }

std::string name_of(std::int64_t step) {
  const std::string digits = std::to_string(step);
  return std::string(kPrefix) + std::string(kDigits - std::min(kDigits, digits.size()), '0') +
         digits;
}

// The step of a name that name_of() makes, or nothing.
std::optional<std::int64_t> step_of(std::string_view name) {
  if (!name.starts_with(kPrefix)) return std::nullopt;
  const std::string_view digits = name.substr(kPrefix.size());
  std::int64_t step = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), step);
  if (error != std::errc() || step < 0 || name_of(step) != name) return std::nullopt;
  return step;
}

// The entries of the directory whose name is a checkpoint's followed by a dot and something that
// starts like this.
std::vector<fs::path> with_suffix(const fs::path& run, std::string_view suffix) {
  std::vector<fs::path> found;
  if (!fs::is_directory(checkpoints_of(run))) return found;
  for (const fs::directory_entry& entry : fs::directory_iterator(checkpoints_of(run))) {
    const std::string name = entry.path().filename().string();
    const std::size_t dot = name.find('.');
    if (dot == std::string::npos || !step_of(std::string_view(name).substr(0, dot))) continue;
    if (std::string_view(name).substr(dot).starts_with(suffix)) found.push_back(entry.path());
  }
  return found;
}

// Gives checkpoints back the name that a crash between two renames took from them.
void recover_all(const fs::path& run) {
  for (const fs::path& old : with_suffix(run, ".old")) {
    recover_directory((old.parent_path() / old.stem()).string());
  }
}

}  // namespace

fs::path checkpoint_path(const fs::path& run, std::int64_t step) {
  check(step >= 0, "checkpoint", "the step is " + std::to_string(step) + ", expected 0 or more");
  return checkpoints_of(run) / name_of(step);
}

std::vector<CheckpointEntry> list_checkpoints(const fs::path& run) {
  recover_all(run);
  std::vector<CheckpointEntry> entries;
  if (!fs::is_directory(checkpoints_of(run))) return entries;
  for (const fs::directory_entry& entry : fs::directory_iterator(checkpoints_of(run))) {
    const std::optional<std::int64_t> step = step_of(entry.path().filename().string());
    if (step && entry.is_directory()) entries.push_back({*step, entry.path()});
  }
  std::sort(entries.begin(), entries.end(),
            [](const CheckpointEntry& a, const CheckpointEntry& b) { return a.step < b.step; });
  return entries;
}

std::optional<CheckpointEntry> latest_checkpoint(const fs::path& run) {
  const std::vector<CheckpointEntry> entries = list_checkpoints(run);
  if (entries.empty()) return std::nullopt;
  return entries.back();
}

void remove_unfinished_checkpoints(const fs::path& run) {
  recover_all(run);  // what is still called .old afterwards has been replaced
  for (const fs::path& path : with_suffix(run, ".old")) fs::remove_all(path);
  for (const fs::path& path : with_suffix(run, ".tmp-")) fs::remove_all(path);
}

void prune_checkpoints(const fs::path& run, std::int64_t step, int keep) {
  check(keep >= 1, "checkpoint",
        "keep is " + std::to_string(keep) + " checkpoints, expected 1 or more");
  std::vector<CheckpointEntry> entries = list_checkpoints(run);
  std::erase_if(entries, [&](const CheckpointEntry& entry) { return entry.step > step; });
  const auto surplus = static_cast<std::ptrdiff_t>(entries.size()) - keep;
  for (std::ptrdiff_t i = 0; i < surplus; ++i) {
    const fs::path gone(entries[i].path.string() + ".tmp-deleted");
    fs::remove_all(gone);
    fs::rename(entries[i].path, gone);
    fs::remove_all(gone);
  }
}

}  // namespace gradvar
