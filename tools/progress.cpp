#include "tools/progress.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utility>

#include "tools/json_text.h"
#include "tools/report/number.h"
#include "tools/steady_seconds.h"

namespace gradvar {

namespace {

constexpr double kRedrawSeconds = 0.1;
constexpr double kLineSeconds = 5;

int columns_of_terminal() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

// Letters, not bytes: what a line of UTF-8 takes up.
int width_of(std::string_view text) {
  return static_cast<int>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

std::string cut_to(std::string text, int columns) {
  while (width_of(text) > columns && !text.empty()) {
    do {
      const bool rest = (static_cast<unsigned char>(text.back()) & 0xc0) == 0x80;
      text.pop_back();
      if (!rest) break;
    } while (!text.empty());
  }
  return text;
}

std::string rate_text(double rate, const std::string& unit) {
  if (rate >= 1 && rate < 9.95) {
    char digits[16];
    std::snprintf(digits, sizeof digits, "%.2g", rate);
    return digits + (" " + unit) + "s/s";
  }
  if (rate >= 1 || rate <= 0) {
    return report::format_integer(std::llround(rate)) + " " + unit + "s/s";
  }
  return report::format_duration(1 / rate) + " a " + unit;
}

// JSON has no infinities.
nlohmann::ordered_json rounded(double value) {
  if (!std::isfinite(value)) return nullptr;
  return std::round(value * 1000) / 1000;
}

void write_json(std::ostream& out, const nlohmann::ordered_json& object) {
  out << json_text(object, -1) << '\n' << std::flush;
}

}  // namespace

ProgressMode progress_mode(bool quiet, bool json) {
  if (quiet) return ProgressMode::kSilent;
  if (json) return ProgressMode::kJson;
  const char* terminal = std::getenv("TERM");
  const bool moves = terminal != nullptr && std::string_view(terminal) != "dumb";
  return moves && isatty(STDERR_FILENO) == 1 ? ProgressMode::kBar : ProgressMode::kLines;
}

struct Progress::State {
  std::int64_t done;
  double seconds, rate, left;  // left is NaN when not known
};

Progress::Progress(ProgressMode mode, std::string task, std::int64_t total, std::string unit,
                   std::int64_t done, ProgressOutput output)
    : mode_(mode),
      task_(std::move(task)),
      unit_(std::move(unit)),
      total_(total),
      output_(std::move(output)),
      before_(done),
      done_(done) {
  if (output_.out == nullptr) output_.out = &std::cerr;
  if (!output_.seconds) output_.seconds = steady_seconds;
  if (!output_.terminal_columns) output_.terminal_columns = columns_of_terminal;
  start_ = output_.seconds();
  due_ = start_ + (mode_ == ProgressMode::kBar ? kRedrawSeconds : kLineSeconds);
}

Progress::~Progress() {
  try {
    finish();
  } catch (...) {  // a last line that cannot be written is no reason to end the program
  }
}

Progress::State Progress::state() const {
  State now{done_.load(), output_.seconds() - start_, 0, std::nan("")};
  if (now.seconds > 0) now.rate = static_cast<double>(now.done - before_) / now.seconds;
  if (total_ > 0 && now.rate > 0) {
    now.left = static_cast<double>(std::max<std::int64_t>(total_ - now.done, 0)) / now.rate;
  }
  return now;
}

void Progress::advance(std::int64_t units) {
  done_.fetch_add(units, std::memory_order_relaxed);
  if (mode_ == ProgressMode::kSilent || output_.seconds() < due_.load(std::memory_order_relaxed)) {
    return;
  }
  const std::unique_lock<std::mutex> lock(pen_, std::try_to_lock);
  if (!lock.owns_lock() || finished_) return;
  const double now = output_.seconds();
  if (now < due_) return;  // another thread has just drawn
  // finish() says the last word.
  if (mode_ != ProgressMode::kBar && total_ > 0 && done_.load() >= total_) return;
  due_ = now + (mode_ == ProgressMode::kBar ? kRedrawSeconds : kLineSeconds);
  if (mode_ == ProgressMode::kBar) {
    draw(state());
  } else {
    write_line(state(), false);
    drawn_ = true;
  }
}

void Progress::skip(std::int64_t units) {
  before_.fetch_add(units, std::memory_order_relaxed);
  advance(units);
}

void Progress::note(std::string text) {
  const std::lock_guard<std::mutex> lock(pen_);
  note_ = std::move(text);
}

void Progress::message(std::string_view text) {
  if (mode_ == ProgressMode::kSilent) return;
  const std::lock_guard<std::mutex> lock(pen_);
  if (mode_ == ProgressMode::kJson) {
    write_json(*output_.out, {{"event", "message"}, {"text", text}});
    return;
  }
  const bool bar = drawn_ && mode_ == ProgressMode::kBar;
  if (bar) *output_.out << "\r\x1b[K";
  *output_.out << text << '\n' << std::flush;
  if (bar) draw(state());
}

void Progress::finish() {
  const std::lock_guard<std::mutex> lock(pen_);
  if (finished_) return;
  finished_ = true;
  if (mode_ == ProgressMode::kBar && drawn_) *output_.out << "\r\x1b[K" << std::flush;
  if (mode_ != ProgressMode::kLines && mode_ != ProgressMode::kJson) return;
  if (drawn_ || last_line_always_) write_line(state(), true);
}

void Progress::draw(const State& now) {
  const int columns = std::max(output_.terminal_columns(), 20) - 1;  // the last one may wrap
  std::string tail;
  if (total_ > 0) {
    const double share = static_cast<double>(now.done) / static_cast<double>(total_);
    tail = " " + std::to_string(static_cast<int>(100 * std::min(share, 1.0))) + "%";
  }
  if (!unit_.empty()) {
    tail += "  " + report::format_integer(now.done);
    if (total_ > 0) tail += "/" + report::format_integer(total_);
    tail += "  " + rate_text(now.rate, unit_);
  }
  if (std::isfinite(now.left)) tail += "  " + report::format_duration(now.left) + " left";
  if (!note_.empty()) tail += "  " + note_;
  std::string bar;
  const int room = std::min(columns - width_of(task_) - width_of(tail) - 3, 32);
  if (total_ > 0 && room >= 6) {
    const double share = std::min(1.0, static_cast<double>(now.done) / static_cast<double>(total_));
    const int full = static_cast<int>(share * room);
    bar = " [" + std::string(static_cast<std::size_t>(full), '#') +
          std::string(static_cast<std::size_t>(room - full), '.') + "]";
  }
  *output_.out << "\r\x1b[K" << cut_to(task_ + bar + tail, columns) << std::flush;
  drawn_ = true;
}

void Progress::write_line(const State& now, bool last) {
  const bool complete = total_ <= 0 || now.done >= total_;
  if (mode_ == ProgressMode::kJson) {
    nlohmann::ordered_json line = {
        {"event", !last ? "progress" : (complete ? "done" : "stopped")},
        {"task", task_},
        {"done", now.done},
        {"total", total_ > 0 ? nlohmann::ordered_json(total_) : nlohmann::ordered_json(nullptr)},
        {"seconds", rounded(now.seconds)},
        {"rate", rounded(now.rate)},
        {"seconds_left", rounded(now.left)}};
    if (!note_.empty()) line["note"] = note_;
    write_json(*output_.out, line);
    return;
  }
  std::string line = task_ + ": ";
  if (!unit_.empty()) line += report::format_integer(now.done);
  if (total_ > 0) {
    const double share = static_cast<double>(now.done) / static_cast<double>(total_);
    const std::string percent = std::to_string(static_cast<int>(100 * std::min(share, 1.0))) + "%";
    line += unit_.empty()
                ? percent
                : " of " + report::format_integer(total_) + " " + unit_ + "s (" + percent + ")";
  } else {
    line += " " + unit_ + "s";
  }
  if (last) {
    line += std::string(complete ? ", done" : ", stopped") + " after " +
            report::format_duration(now.seconds);
  } else {
    if (!unit_.empty()) line += ", " + rate_text(now.rate, unit_);
    if (std::isfinite(now.left)) line += ", " + report::format_duration(now.left) + " left";
  }
  if (!note_.empty()) line += ", " + note_;
  *output_.out << line << '\n' << std::flush;
}

}  // namespace gradvar
