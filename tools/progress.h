// progress: how far a long task is, said to whoever looks.
//
//   kBar     one line on a terminal, redrawn at most ten times a second, wiped at the end
//   kLines   elsewhere (a file, a pipe, a dumb terminal): a plain line at most each 5 seconds, the
//            last one always
//   kJson    with --json, as often as kLines, one object a line:
//              {"event":"progress","task":"train","done":200,"total":1000,"seconds":3.1,
//               "rate":64.5,"seconds_left":12.4,"note":"loss 0.31"}
//            `total` and `seconds_left` are null when not known; `done` and `total` are units, or,
//            of a task without a unit, expected milliseconds; the last line's event is "done", or
//            "stopped" when it ended before its total
//   kSilent  with --quiet
//
// All of it goes to standard error: standard output is for results, with --json for one JSON
// document and nothing else. One Progress is on screen at a time. Tasks that run in parallel share
// it: its total is the sum of theirs, and each calls advance(), from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <mutex>
#include <string>
#include <string_view>

namespace gradvar {

enum class ProgressMode { kBar, kLines, kJson, kSilent };

// From the options --quiet and --json, and whether standard error is a terminal that can move its
// cursor. Quiet goes before all.
[[nodiscard]] ProgressMode progress_mode(bool quiet, bool json);

// Where the lines go and what the time is; tests give their own.
struct ProgressOutput {
  std::ostream* out = nullptr;            // null: standard error
  std::function<double()> seconds;        // empty: a steady clock
  std::function<int()> terminal_columns;  // empty: asks the terminal
};

class Progress {
 public:
  // `total` in `unit`s ("step", in the singular); 0 when not known. Without a name for the units
  // only their share is shown, not how many there are. `done` > 0 goes on where an earlier run
  // stopped: those units count as done, not for the rate.
  Progress(ProgressMode mode, std::string task, std::int64_t total, std::string unit = "step",
           std::int64_t done = 0, ProgressOutput output = {});
  // Calls finish().
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Thread-safe and cheap: a redraw that is due is made by whichever thread finds the pen free.
  void advance(std::int64_t units = 1);
  // Units that were done earlier, met on the way. Thread-safe.
  void skip(std::int64_t units);
  // A short text behind the numbers, "loss 0.31". Thread-safe.
  void note(std::string text);
  // For tasks that are often short: no last line where no line came before it.
  void say_nothing_of_short_tasks() { last_line_always_ = false; }
  // A line that stays, printed above the bar; in kJson {"event":"message","text":...}. Thread-safe.
  void message(std::string_view text);
  // Wipes the bar, or writes the last line. Later calls do nothing.
  void finish();

 private:
  struct State;  // one reading of everything a line shows

  [[nodiscard]] State state() const;
  void draw(const State& state);
  void write_line(const State& state, bool last);

  ProgressMode mode_;
  std::string task_, unit_, note_;
  std::int64_t total_;
  ProgressOutput output_;
  double start_;
  std::atomic<std::int64_t> before_, done_;
  std::atomic<double> due_;  // when the next redraw or line is
  std::mutex pen_;
  bool drawn_ = false, finished_ = false, last_line_always_ = true;
};

}  // namespace gradvar
