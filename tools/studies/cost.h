// cost: what a list of tasks will take, before it is begun.
#pragma once

#include <filesystem>
#include <vector>

#include "tools/progress.h"
#include "tools/studies/task.h"

namespace gradvar {

struct Cost {
  std::size_t tasks = 0;       // that are not finished
  double seconds = 0;          // of one thread, all of them together
  double longest_seconds = 0;  // of the longest one: no number of threads does it faster
  std::vector<double> each;    // seconds of every task; of finished ones, what they took
  // With so many threads, a task a thread.
  [[nodiscard]] double with_threads(int threads) const;
};

// Tries one task of each kind (task.h) for about so many seconds, on the calling thread.
[[nodiscard]] Cost expected_cost(const std::vector<Task>& tasks,
                                 const std::filesystem::path& directory,
                                 double seconds_of_a_trial = 0.5);

// Says it on standard error: "20 of 20 tasks to do, about 14 min 00 s of one core's time, ...".
void announce_cost(const Cost& cost, int threads, ProgressMode mode);

}  // namespace gradvar
