// markup: the few signs that text in a report may carry, and their three renderings.
//
//   `code`   **bold**   *italic*   _{sub}   ^{sup}   [[name]] (a figure or table)   \* (a plain *)
//
// Everything else is text: it is escaped for the format it goes to, so "a_b < c & d" arrives as
// written. A sign without its partner is text too. The same words can thus stand in a caption, an
// axis label and a table header.
#pragma once

#include <string>
#include <string_view>

namespace gradvar::report {

// Text with every character of `text` taken literally: for file names, options and user's input
// inside a sentence.
[[nodiscard]] std::string literal(std::string_view text);

// HTML, without markup: & < > " ' become entities, control characters other than tab and newline
// are dropped.
[[nodiscard]] std::string escape_html(std::string_view text);
// HTML with markup. [[name]] becomes "\x01name\x01", which the report replaces by a link when it
// knows all numbers; escaped text never contains that character.
[[nodiscard]] std::string html_from_markup(std::string_view text);

// For gnuplot's enhanced mode between single quotes: its own signs (_ ^ @ & ~ { } \) are escaped,
// ' is doubled. The quotes are included.
[[nodiscard]] std::string gnuplot_from_markup(std::string_view text);

// The bare words, for places that can show no style. Not escaped.
[[nodiscard]] std::string plain_from_markup(std::string_view text);

}  // namespace gradvar::report
