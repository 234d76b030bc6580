#include "tools/report/svg.h"

#include <algorithm>
#include <functional>
#include <map>

#include "autograd/check.h"
#include "tools/report/markup.h"

namespace gradvar::report {

namespace {

// Drops everything from `open` to `close`, each time.
std::string without(std::string_view text, std::string_view open, std::string_view close) {
  std::string out;
  while (true) {
    const std::size_t begin = text.find(open);
    const std::size_t end =
        begin == std::string_view::npos ? begin : text.find(close, begin + open.size());
    if (end == std::string_view::npos) break;
    out += text.substr(0, begin);
    text.remove_prefix(end + close.size());
  }
  return out.append(text);
}

// Puts `prefix` behind each `before`.
std::string prefixed(std::string_view text, std::string_view before, const std::string& prefix) {
  std::string out;
  while (true) {
    const std::size_t at = text.find(before);
    if (at == std::string_view::npos) break;
    out += text.substr(0, at + before.size());
    out += prefix;
    text.remove_prefix(at + before.size());
  }
  return out.append(text);
}

// Puts `prefix` before every id. gnuplot gives the marks and the bars of one series the same id;
// what comes again gets a number, since a page may hold an id once.
std::string unique_ids(std::string_view text, const std::string& prefix) {
  std::map<std::string, int, std::less<>> seen;
  std::string out;
  while (true) {
    const std::size_t at = std::min(text.find(" id=\""), text.find(" id='"));
    if (at == std::string_view::npos) break;
    const std::size_t begin = at + 5;
    const std::size_t end = text.find(text[begin - 1], begin);
    if (end == std::string_view::npos) break;
    const std::string id(text.substr(begin, end - begin));
    const int times = ++seen[id];
    out.append(text.substr(0, begin)).append(prefix).append(id);
    if (times > 1) out += "-" + std::to_string(times);
    text.remove_prefix(end);
  }
  return out.append(text);
}

}  // namespace

std::string inline_svg(std::string_view svg, std::string_view prefix,
                       std::string_view description) {
  check(svg.find("<script") == std::string_view::npos, "inline_svg",
        "the picture carries a script, expected shapes and text only");
  std::string text = without(svg, "<!--", "-->");
  const std::size_t begin = text.find("<svg");
  const std::size_t end = text.rfind("</svg>");
  check(begin != std::string::npos && end != std::string::npos && begin < end, "inline_svg",
        "the file holds no <svg> element");
  text = text.substr(begin, end + 6 - begin);
  text = without(without(text, "<title>", "</title>"), "<desc>", "</desc>");
  const std::string with = std::string(prefix) + "-";
  text = unique_ids(text, with);
  for (const std::string_view before : {"href=\"#", "href='#", "url(#", "url('#", "url(\"#"}) {
    text = prefixed(text, before, with);
  }
  return "<svg role=\"img\" aria-label=\"" + escape_html(description) + "\"" + text.substr(4);
}

}  // namespace gradvar::report
