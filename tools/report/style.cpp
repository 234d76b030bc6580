#include "tools/report/style.h"

namespace gradvar::report {

std::string_view style_sheet() {
  return R"css(
:root { --ink: #1c1c1c; --soft: #5d5d5d; --rule: #d9d9d6; --wash: #f6f6f3; --link: #005a8d;
  --serif: Charter, "Bitstream Charter", "Iowan Old Style", "Palatino Linotype", P052, Palatino,
    "Book Antiqua", Georgia, "DejaVu Serif", serif;
  --sans: "Helvetica Neue", Helvetica, Arial, "Liberation Sans", "Segoe UI", sans-serif;
  --mono: "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace; }
* { box-sizing: border-box; }
html { color-scheme: light; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: #fff; color: var(--ink); font: 1.0625rem/1.6 var(--serif); }
main { max-width: 48.5rem; margin: 0 auto; padding: 3.5rem 1.25rem 5rem; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
h1, h2, h3 { font-family: var(--sans); line-height: 1.25; font-weight: 600; text-wrap: balance; }
h1 { font-size: 2rem; letter-spacing: -0.015em; margin: 0 0 0.5rem; }
h2 { font-size: 1.3rem; margin: 3rem 0 0.8rem; }
h3 { font-size: 1.05rem; margin: 2rem 0 0.5rem; }
h2 .n, h3 .n { color: var(--soft); font-weight: 400; margin-right: 0.6em; }
p { margin: 0 0 0.95rem; hyphens: auto; }
.subtitle { font: 1rem/1.5 var(--sans); color: var(--soft); margin: 0 0 2rem; }
.lead { font-size: 1.1rem; border-left: 3px solid #0072b2; padding: 0.1rem 0 0.1rem 1.2rem;
  margin: 1.8rem 0; }
.lead p:last-child { margin-bottom: 0; }
sub, sup { font-size: 0.74em; line-height: 0; }
code { font: 0.84em/1.4 var(--mono); background: var(--wash); border-radius: 3px;
  padding: 0.1em 0.3em; overflow-wrap: anywhere; }
pre { font: 0.82rem/1.5 var(--mono); background: var(--wash); border: 1px solid var(--rule);
  border-radius: 4px; padding: 0.8rem 1rem; margin: 0 0 1.2rem; overflow-x: auto; }
pre code { font: inherit; background: none; padding: 0; overflow-wrap: normal; }
ul.text { margin: 0 0 0.95rem; padding-left: 1.3rem; }
ul.text li { margin-bottom: 0.3rem; }
nav { font: 0.92rem/1.7 var(--sans); border-top: 1px solid var(--rule);
  border-bottom: 1px solid var(--rule); padding: 0.9rem 0; margin: 2rem 0 0; }
nav .head { color: var(--soft); font-size: 0.8rem; letter-spacing: 0.06em;
  text-transform: uppercase; }
nav ol { list-style: none; margin: 0.2rem 0 0; padding: 0; }
nav ol ol { margin: 0; padding-left: 1.9rem; }
nav .n { display: inline-block; min-width: 1.9rem; color: var(--soft); }
figure { margin: 2rem 0 2.3rem; }
figure.wide, figure.table { width: min(62rem, 100vw - 2.5rem); position: relative; left: 50%;
  transform: translateX(-50%); }
figure.wide figcaption, figure.table figcaption { max-width: 46rem; margin-left: auto;
  margin-right: auto; }
figure svg { display: block; margin: 0 auto; max-width: 100%; height: auto; }
figure svg text, figure svg tspan { font-family: var(--sans); }
/* A white rim keeps words legible over lines and colours. */
figure svg text { paint-order: stroke; stroke: rgb(255 255 255 / 0.8); stroke-width: 2.5px;
  stroke-linejoin: round; }
figcaption { font: 0.9rem/1.5 var(--sans); margin-top: 0.7rem; }
figcaption b { margin-right: 0.3em; }
figcaption .small { color: var(--soft); font-size: 0.8rem; margin-top: 0.35rem; }
figcaption .small span + span::before { content: "\00b7"; margin: 0 0.45em; }
.missing { font: 0.9rem/1.5 var(--sans); color: var(--soft); border: 1px dashed #a8a8a4;
  border-radius: 4px; padding: 1.6rem 1.2rem; text-align: center; }
figure.table figcaption { margin: 0 auto 0.6rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: 0 auto; font: 0.9rem/1.45 var(--sans);
  font-variant-numeric: tabular-nums lining-nums; border-top: 1.5px solid var(--ink);
  border-bottom: 1.5px solid var(--ink); min-width: min(46rem, 100%); }
th, td { padding: 0.36rem 0.75rem; text-align: left; vertical-align: top; }
thead th { font-weight: 600; border-bottom: 1px solid var(--ink); vertical-align: bottom; }
thead .unit { display: block; font-weight: 400; color: var(--soft); font-size: 0.82rem; }
tbody tr + tr td { border-top: 1px solid #ececea; }
tbody tr.group td { font-weight: 600; border-top: 1px solid var(--ink); padding-top: 0.6rem; }
tbody tr.group:first-child td { border-top: 0; }
.right { text-align: right; white-space: nowrap; }
th.right { white-space: normal; }
td:first-child { min-width: 9rem; }
.centre { text-align: center; }
.best { font-weight: 600; }
.verdict { display: inline-block; white-space: nowrap; font-weight: 600; font-size: 0.82rem;
  border-radius: 3px; padding: 0.08rem 0.5rem; border: 1px solid; }
.shown { color: #00593f; background: #e3f4ee; border-color: #009e73; }
.partly { color: #6b4600; background: #fdf3dc; border-color: #e69f00; }
.not-comparable { color: #404040; background: #f0f0ee; border-color: #8a8a8a; }
.not-shown { color: #8a3b00; background: #fbe9df; border-color: #d55e00; }
dl.setup { display: grid; grid-template-columns: max-content 1fr; gap: 0.3rem 1.4rem;
  font: 0.92rem/1.5 var(--sans); margin: 0 0 1.4rem; border-top: 1px solid var(--rule);
  border-bottom: 1px solid var(--rule); padding: 0.7rem 0; }
dl.setup dt { color: var(--soft); max-width: 14rem; }
dl.setup dd { margin: 0; }
aside.machine { background: var(--wash); border: 1px solid var(--rule); border-radius: 4px;
  padding: 0.9rem 1.2rem; margin: 1.6rem 0; font: 0.88rem/1.5 var(--sans); }
aside.machine .head { font-weight: 600; margin-bottom: 0.4rem; }
aside.machine dl { border: 0; padding: 0; margin: 0; font-size: inherit; gap: 0.1rem 1.4rem; }
@media (max-width: 40rem) { dl.setup { grid-template-columns: 1fr; gap: 0; }
  dl.setup dd { margin-bottom: 0.5rem; } h1 { font-size: 1.6rem; } }
@media print {
  @page { margin: 18mm 17mm 20mm; }
  body { font-size: 10.5pt; line-height: 1.45; }
  main { max-width: none; padding: 0; }
  figure.wide, figure.table { width: 100%; left: 0; transform: none; }
  figure, table, pre, aside, tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  p { orphans: 3; widows: 3; }
  figure { margin: 1rem 0 1.4rem; }
  figure svg { max-height: 10cm; }
  a { color: inherit; }
  .scroll, pre { overflow: visible; }
  pre { white-space: pre-wrap; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
}
)css";
}

}  // namespace gradvar::report
