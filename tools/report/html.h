// html: a report that reads like a short paper, in one file.
//
// report.html needs nothing else: the style sheet and the pictures stand inside, there is no script
// and nothing is fetched. Text is markup (markup.h), so everything is escaped unless it is one of
// the few signs. Sections, figures and tables are numbered in the order they are added; text refers
// to a figure or table by name, before or after it: "see [[crossings]]" becomes "see Figure 2".
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tools/machine.h"
#include "tools/report/figure.h"

namespace gradvar::report {

enum class Align { kLeft, kCentre, kRight };
// What a run says about a claim. Shown as a word on a colour.
enum class Verdict { kNone, kShown, kPartly, kNotShown, kNotComparable };
// "shown", "partly", "not shown", "not comparable"; empty for kNone.
[[nodiscard]] std::string to_string(Verdict verdict);

struct Column {
  std::string header{};
  Align align = Align::kRight;
  std::string unit{};  // under the header; empty for a pure number or words
};

struct Cell {
  Cell(std::string words) : text(std::move(words)) {}  // NOLINT: a cell is mostly its text
  Cell(const char* words) : text(words) {}             // NOLINT
  Cell(Verdict value) : verdict(value) {}              // NOLINT

  std::string text;
  Verdict verdict = Verdict::kNone;
  bool best = false;  // set in bold
};

// The cell, in bold.
[[nodiscard]] Cell best(std::string text);

// A row has one cell a column; a single cell where there are several columns heads a group of rows.
struct Table {
  std::vector<Column> columns{};
  std::vector<std::vector<Cell>> rows{};
};

// What stands below a figure or above a table. Everything but the caption is small print.
struct Caption {
  std::string text{};
  std::string seeds{};    // "5 seeds"
  std::string spread{};   // what a band or ± is: "band: lowest and highest of 5 seeds"
  std::string command{};  // the command that makes the numbers again
};

class Report {
 public:
  explicit Report(std::string title, std::string subtitle = "");

  // The abstract; call again for another paragraph.
  void lead(const std::string& text);
  void section(const std::string& title);
  void subsection(const std::string& title);
  void paragraph(const std::string& text);
  void list(const std::vector<std::string>& items);
  // Verbatim, no markup.
  void code(const std::string& text);
  // The set-up: what, and its value.
  void definitions(const std::vector<std::pair<std::string, std::string>>& items);
  void machine(const Machine& machine);
  // Several, or another than this one: a line each (Machine::line).
  void machines(const std::vector<std::string>& lines);
  // Throws std::invalid_argument when a row's cells do not fit the columns, or the name is taken.
  void table(const std::string& name, const Table& table, const Caption& caption);
  // Reads the picture now. When there is none, a note names the data and the command instead.
  void figure(const WrittenFigure& figure, const Caption& caption);

  // Throws std::invalid_argument when text refers to a figure or table that is not there.
  [[nodiscard]] std::string html() const;
  // Writes html() atomically; see io/atomic_file.h.
  void write(const std::filesystem::path& path) const;

 private:
  struct Heading {
    std::string number, id, html;
    int level;
  };

  void heading(const std::string& title, int level);
  // Gives `name` its number and returns "Figure 3" or "Table 3".
  std::string enrol(const std::string& name, const std::string& kind, int number);
  [[nodiscard]] std::string contents() const;
  [[nodiscard]] std::string with_links(const std::string& text) const;

  std::string title_, subtitle_, lead_, body_;
  std::vector<Heading> headings_;
  std::map<std::string, std::string> labels_;  // name -> "Figure 3"
  int sections_ = 0, subsections_ = 0, figures_ = 0, tables_ = 0;
};

}  // namespace gradvar::report
