#include "tools/report/html.h"

#include <algorithm>
#include <cstdlib>

#include "autograd/check.h"
#include "io/atomic_file.h"
#include "tools/report/markup.h"
#include "tools/report/style.h"
#include "tools/report/svg.h"

namespace gradvar::report {

namespace {

// Figures wider than the text stand out on both sides.
constexpr int kTextWidth = 736;

std::string element(const std::string& tag, const std::string& inside,
                    const std::string& css_class = "") {
  const std::string attribute = css_class.empty() ? "" : " class=\"" + css_class + "\"";
  return "<" + tag + attribute + ">" + inside + "</" + tag + ">\n";
}

std::string css_class(Align align) {
  if (align == Align::kRight) return "right";
  return align == Align::kCentre ? "centre" : "";
}

std::string verdict_html(Verdict verdict) {
  if (verdict == Verdict::kNone) return "";
  const std::string word = to_string(verdict);
  std::string css_class = word;
  std::replace(css_class.begin(), css_class.end(), ' ', '-');
  return "<span class=\"verdict " + css_class + "\">" + word + "</span>";
}

std::string cell_html(const Cell& cell) {
  const std::string text = html_from_markup(cell.text);
  const std::string verdict = verdict_html(cell.verdict);
  const std::string both = text.empty() || verdict.empty() ? verdict + text : verdict + " " + text;
  return cell.best ? "<span class=\"best\">" + both + "</span>" : both;
}

std::string row_html(const std::vector<Cell>& row, const std::vector<Column>& columns) {
  if (row.size() == 1 && columns.size() > 1) {
    return "<tr class=\"group\"><td colspan=\"" + std::to_string(columns.size()) + "\">" +
           cell_html(row.front()) + "</td></tr>\n";
  }
  std::string cells;
  for (std::size_t i = 0; i < row.size(); ++i) {
    const std::string align = css_class(columns[i].align);
    cells += "<td" + (align.empty() ? "" : " class=\"" + align + "\"") + ">" + cell_html(row[i]) +
             "</td>";
  }
  return "<tr>" + cells + "</tr>\n";
}

std::string caption_html(const std::string& label, const Caption& caption,
                         const std::vector<std::string>& more) {
  std::vector<std::string> small;
  for (const std::string& text : {caption.seeds, caption.spread}) {
    if (!text.empty()) small.push_back(html_from_markup(text));
  }
  small.insert(small.end(), more.begin(), more.end());
  std::string print;
  for (const std::string& text : small) print += "<span>" + text + "</span>";
  if (!caption.command.empty()) {
    print += "<div>Made by <code>" + escape_html(caption.command) + "</code></div>";
  }
  return element("figcaption", "<b>" + label + ".</b>" + html_from_markup(caption.text) +
                                   (print.empty() ? "" : element("div", print, "small")));
}

// The width attribute of an SVG in pixels; 0 when it has none.
int picture_width(const std::string& svg) {
  const std::size_t at = svg.find(" width=\"");
  return at == std::string::npos ? 0 : std::atoi(svg.c_str() + at + 8);
}

std::string setup_list(const std::vector<std::pair<std::string, std::string>>& items) {
  std::string inside;
  for (const auto& [term, value] : items) {
    inside += "<dt>" + html_from_markup(term) + "</dt><dd>" + html_from_markup(value) + "</dd>\n";
  }
  return element("dl", "\n" + inside, "setup");
}

}  // namespace

std::string to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::kNone:
      break;
    case Verdict::kShown:
      return "shown";
    case Verdict::kPartly:
      return "partly";
    case Verdict::kNotShown:
      return "not shown";
    case Verdict::kNotComparable:
      return "not comparable";
  }
  return "";
}

Cell best(std::string text) {
  Cell cell(std::move(text));
  cell.best = true;
  return cell;
}

Report::Report(std::string title, std::string subtitle)
    : title_(std::move(title)), subtitle_(std::move(subtitle)) {}

void Report::lead(const std::string& text) { lead_ += element("p", html_from_markup(text)); }

void Report::heading(const std::string& title, int level) {
  if (level == 2) {
    ++sections_;
    subsections_ = 0;
  } else {
    ++subsections_;
  }
  std::string number = std::to_string(sections_);
  if (level == 3) number += "." + std::to_string(subsections_);
  const std::string id = "section-" + number;
  const std::string words = html_from_markup(title);
  const std::string tag = "h" + std::to_string(level);
  body_ += "<" + tag + " id=\"" + id + "\"><span class=\"n\">" + number + "</span>" + words + "</" +
           tag + ">\n";
  headings_.push_back({number, id, words, level});
}

void Report::section(const std::string& title) { heading(title, 2); }

void Report::subsection(const std::string& title) {
  check(sections_ > 0, "report", "subsection '" + title + "' stands before the first section");
  heading(title, 3);
}

void Report::paragraph(const std::string& text) { body_ += element("p", html_from_markup(text)); }

void Report::list(const std::vector<std::string>& items) {
  std::string inside;
  for (const std::string& item : items) inside += element("li", html_from_markup(item));
  body_ += element("ul", inside, "text");
}

void Report::code(const std::string& text) {
  body_ += "<pre><code>" + escape_html(text) + "</code></pre>\n";
}

void Report::definitions(const std::vector<std::pair<std::string, std::string>>& items) {
  body_ += setup_list(items);
}

void Report::machine(const Machine& machine) {
  std::vector<std::pair<std::string, std::string>> items;
  for (const auto& [term, value] : machine.items()) items.emplace_back(term, literal(value));
  body_ += element(
      "aside", element("div", "The machine these numbers come from", "head") + setup_list(items),
      "machine");
}

void Report::machines(const std::vector<std::string>& lines) {
  std::vector<std::pair<std::string, std::string>> items;
  items.reserve(lines.size());
  for (const std::string& line : lines) items.emplace_back("machine", literal(line));
  const std::string head = lines.size() == 1 ? "The machine these numbers come from"
                                             : "The machines these numbers come from";
  body_ += element("aside", element("div", head, "head") + setup_list(items), "machine");
}

std::string Report::enrol(const std::string& name, const std::string& kind, int number) {
  std::string label = kind + "\u00a0" + std::to_string(number);
  check(labels_.emplace(name, label).second, "report",
        "there are two figures or tables named '" + name + "', expected one");
  return label;
}

void Report::table(const std::string& name, const Table& table, const Caption& caption) {
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const std::size_t found = table.rows[i].size();
    check(found == table.columns.size() || found == 1, "report",
          "row " + std::to_string(i + 1) + " of table '" + name + "' has " + std::to_string(found) +
              " cells, expected " + std::to_string(table.columns.size()));
  }
  const std::string label = enrol(name, "Table", ++tables_);
  std::string head;
  for (const Column& column : table.columns) {
    const std::string align = css_class(column.align);
    head += "<th scope=\"col\"" + (align.empty() ? "" : " class=\"" + align + "\"") + ">" +
            html_from_markup(column.header);
    if (!column.unit.empty()) {
      head += "<span class=\"unit\">" + html_from_markup(column.unit) + "</span>";
    }
    head += "</th>";
  }
  std::string rows;
  for (const std::vector<Cell>& row : table.rows) rows += row_html(row, table.columns);
  body_ += "<figure class=\"table\" id=\"" + escape_html(name) + "\">\n" +
           caption_html(label, caption, {}) + "<div class=\"scroll\"><table>\n<thead><tr>" + head +
           "</tr></thead>\n<tbody>\n" + rows + "</tbody>\n</table></div>\n</figure>\n";
}

void Report::figure(const WrittenFigure& figure, const Caption& caption) {
  const std::string label = enrol(figure.name, "Figure", ++figures_);
  const std::string script = "gnuplot " + figure.script.filename().string();
  std::string picture;
  std::string extra;
  if (figure.drawn) {
    const std::string svg = read_file(figure.picture.string());
    picture = inline_svg(svg, figure.name, plain_from_markup(caption.text)) + "\n";
    if (picture_width(svg) > kTextWidth) extra = " class=\"wide\"";
  } else {
    picture =
        element("div",
                "The picture was not drawn: " + escape_html(figure.problem) +
                    ". Its numbers are in <code>" + escape_html(figure.data.filename().string()) +
                    "</code>; <code>" + escape_html(script) + "</code> draws it.",
                "missing");
  }
  const std::vector<std::string> more = {
      "Data <code>" + escape_html(figure.data.filename().string()) + "</code>",
      "drawn by <code>" + escape_html(script) + "</code>"};
  body_ += "<figure" + extra + " id=\"" + figure.name + "\">\n" + picture +
           caption_html(label, caption, figure.drawn ? more : std::vector<std::string>{}) +
           "</figure>\n";
}

std::string Report::contents() const {
  if (headings_.empty()) return "";
  std::string out = "<nav><div class=\"head\">Contents</div>\n<ol>\n";
  int level = 2;
  for (std::size_t i = 0; i < headings_.size(); ++i) {
    const Heading& h = headings_[i];
    if (h.level > level) out += "<ol>\n";
    if (h.level < level) out += "</ol></li>\n";
    level = h.level;
    const bool parent = h.level == 2 && i + 1 < headings_.size() && headings_[i + 1].level == 3;
    out += "<li><span class=\"n\">" + h.number + "</span> <a href=\"#" + h.id + "\">" + h.html +
           "</a>" + (parent ? "\n" : "</li>\n");
  }
  if (level == 3) out += "</ol></li>\n";
  return out + "</ol></nav>\n";
}

std::string Report::with_links(const std::string& text) const {
  std::string out;
  std::size_t at = 0;
  while (true) {
    const std::size_t begin = text.find('\x01', at);
    if (begin == std::string::npos) break;
    const std::size_t end = text.find('\x01', begin + 1);
    const std::string name = text.substr(begin + 1, end - begin - 1);
    const auto found = labels_.find(name);
    check(found != labels_.end(), "report",
          "text refers to [[" + name + "]], expected the name of a figure or table");
    out += text.substr(at, begin - at) + "<a href=\"#" + name + "\">" + found->second + "</a>";
    at = end + 1;
  }
  return out + text.substr(at);
}

std::string Report::html() const {
  std::string page =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
      escape_html(plain_from_markup(title_)) + "</title>\n<style>" + std::string(style_sheet()) +
      "</style>\n</head>\n<body>\n<main>\n<header>\n" + element("h1", html_from_markup(title_));
  if (!subtitle_.empty()) page += element("p", html_from_markup(subtitle_), "subtitle");
  if (!lead_.empty()) page += element("div", lead_, "lead");
  page += "</header>\n" + contents() + body_ + "</main>\n</body>\n</html>\n";
  return with_links(page);
}

void Report::write(const std::filesystem::path& path) const { write_file(path.string(), html()); }

}  // namespace gradvar::report
