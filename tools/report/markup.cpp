#include "tools/report/markup.h"

#include <algorithm>
#include <vector>

namespace gradvar::report {

namespace {

enum class SignKind { kText, kCode, kBold, kItalic, kSub, kSup, kReference };

// Text and references keep their letters in `text`, the others what they enclose in `inside`.
struct Span {
  SignKind kind;
  std::string text;
  std::vector<Span> inside;
};

struct Sign {
  std::string_view open, close;
  SignKind kind;
};

// Longer signs first: ** before *.
constexpr Sign kSigns[] = {
    {"`", "`", SignKind::kCode},   {"[[", "]]", SignKind::kReference},
    {"**", "**", SignKind::kBold}, {"*", "*", SignKind::kItalic},
    {"_{", "}", SignKind::kSub},   {"^{", "}", SignKind::kSup},
};
constexpr std::string_view kSpecial = "`*_^[]{}\\";

// Where `close` stands after `from`, stepping over escaped characters; npos when nowhere. A single
// * does not close on one half of a **.
std::size_t find_close(std::string_view text, std::size_t from, std::string_view close) {
  for (std::size_t i = from; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text.substr(i, close.size()) == close) {
      if (close != "*" || text.substr(i, 2) != "**") return i;
      ++i;
    }
  }
  return std::string_view::npos;
}

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

std::vector<Span> parse(std::string_view text) {
  std::vector<Span> spans;
  const auto append = [&spans](std::string_view letters) {
    if (spans.empty() || spans.back().kind != SignKind::kText)
      spans.push_back({SignKind::kText, {}, {}});
    spans.back().text += letters;
  };
  std::size_t i = 0;
  while (i < text.size()) {
    if (text[i] == '\\' && i + 1 < text.size() &&
        kSpecial.find(text[i + 1]) != std::string_view::npos) {
      append(text.substr(i + 1, 1));
      i += 2;
      continue;
    }
    bool taken = false;
    for (const Sign& sign : kSigns) {
      if (text.substr(i, sign.open.size()) != sign.open) continue;
      const std::size_t begin = i + sign.open.size();
      const std::size_t end = find_close(text, begin, sign.close);
      if (end == std::string_view::npos || end == begin) continue;
      const std::string_view inside = text.substr(begin, end - begin);
      if (sign.kind == SignKind::kReference) {
        if (!is_name(inside)) continue;
        spans.push_back({sign.kind, std::string(inside), {}});
      } else if (sign.kind == SignKind::kCode) {
        // Inside code only a backslash before a special character means anything.
        Span code{sign.kind, {}, {}};
        for (std::size_t j = 0; j < inside.size(); ++j) {
          const bool escape = inside[j] == '\\' && j + 1 < inside.size() &&
                              kSpecial.find(inside[j + 1]) != std::string_view::npos;
          code.text += inside[escape ? ++j : j];
        }
        spans.push_back(std::move(code));
      } else {
        spans.push_back({sign.kind, {}, parse(inside)});
      }
      i = end + sign.close.size();
      taken = true;
      break;
    }
    if (!taken) append(text.substr(i++, 1));
  }
  return spans;
}

std::string to_html(const std::vector<Span>& spans) {
  std::string out;
  const auto wrap = [&out](std::string_view tag, const std::string& inside) {
    out.append("<").append(tag).append(">").append(inside);
    out.append("</").append(tag).append(">");
  };
  for (const Span& span : spans) {
    switch (span.kind) {
      case SignKind::kText:
        out += escape_html(span.text);
        break;
      case SignKind::kReference:
        out += "\x01" + span.text + "\x01";
        break;
      case SignKind::kCode:
        wrap("code", escape_html(span.text));
        break;
      case SignKind::kBold:
        wrap("strong", to_html(span.inside));
        break;
      case SignKind::kItalic:
        wrap("em", to_html(span.inside));
        break;
      case SignKind::kSub:
        wrap("sub", to_html(span.inside));
        break;
      case SignKind::kSup:
        wrap("sup", to_html(span.inside));
        break;
    }
  }
  return out;
}

std::string escape_gnuplot(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) {
      out += ' ';
    } else if (c == '\'') {
      out += "''";
    } else {
      if (std::string_view("_^@&~{}\\").find(c) != std::string_view::npos) out += '\\';
      out += c;
    }
  }
  return out;
}

std::string to_gnuplot(const std::vector<Span>& spans) {
  std::string out;
  for (const Span& span : spans) {
    switch (span.kind) {
      case SignKind::kText:
      case SignKind::kReference:
      case SignKind::kCode:
        out += escape_gnuplot(span.text);
        break;
      case SignKind::kBold:
        out += "{/:Bold " + to_gnuplot(span.inside) + "}";
        break;
      case SignKind::kItalic:
        out += "{/:Italic " + to_gnuplot(span.inside) + "}";
        break;
      case SignKind::kSub:
        out += "_{" + to_gnuplot(span.inside) + "}";
        break;
      case SignKind::kSup:
        out += "^{" + to_gnuplot(span.inside) + "}";
        break;
    }
  }
  return out;
}

std::string to_plain(const std::vector<Span>& spans) {
  std::string out;
  for (const Span& span : spans) {
    if (span.kind == SignKind::kSup) out += "^";
    out += span.text + to_plain(span.inside);
  }
  return out;
}

}  // namespace

std::string literal(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (kSpecial.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default: {
        const unsigned char byte = static_cast<unsigned char>(c);
        if ((byte >= 0x20 && byte != 0x7f) || c == '\n' || c == '\t') out += c;
      }
    }
  }
  return out;
}

std::string html_from_markup(std::string_view text) { return to_html(parse(text)); }

std::string gnuplot_from_markup(std::string_view text) {
  return "'" + to_gnuplot(parse(text)) + "'";
}

std::string plain_from_markup(std::string_view text) { return to_plain(parse(text)); }

}  // namespace gradvar::report
