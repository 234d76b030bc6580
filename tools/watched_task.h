// watched_task: a task in parts, whose progress is shown and which a signal stops between two
// parts.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "tools/interrupt.h"
#include "tools/progress.h"

namespace gradvar {

class WatchedTask {
 public:
  // `when_stopped` is what Stopped then says.
  WatchedTask(ProgressMode mode, std::string task, std::string unit,
              std::string when_stopped = "stopped; nothing was written")
      : mode_(mode),
        task_(std::move(task)),
        unit_(std::move(unit)),
        when_stopped_(std::move(when_stopped)) {}

  // After each part, with how many of how many are done. One call at a time.
  void operator()(std::int64_t done, std::int64_t total) {
    if (progress_ == nullptr) {
      progress_ = std::make_unique<Progress>(mode_, task_, total, unit_);
      if (brief_) progress_->say_nothing_of_short_tasks();
    }
    progress_->advance(done - done_);
    done_ = done;
    if (done == total) progress_->finish();
    stop_if_interrupted(when_stopped_);
  }

  // No last line where no line came before it; before the first part.
  void say_nothing_of_short_tasks() { brief_ = true; }

 private:
  ProgressMode mode_;
  std::string task_, unit_, when_stopped_;
  std::unique_ptr<Progress> progress_;
  std::int64_t done_ = 0;
  bool brief_ = false;
};

}  // namespace gradvar
