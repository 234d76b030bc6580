#!/usr/bin/env bash
# update.sh: makes docs/results.md and docs/pictures/ again: the quick preset of the default set,
# then the middle preset of the paper's tables. Both go on where they were stopped.
#   docs/update.sh [DIR]   results go to DIR/quick and DIR/middle, runs/ by default
set -euo pipefail
cd "$(dirname "$0")/.."
out="${1:-runs}"
build/gradvar reproduce --preset quick --out "$out/quick"
build/gradvar reproduce mixture images --preset middle --out "$out/middle"
mkdir -p docs/pictures
{
  cat "$out/quick/findings.md"
  echo
  # One title for the page: the second part's becomes a section.
  sed '1s/.*/## Tables 1, 2 and 3, middle preset/' "$out/middle/findings.md"
} >docs/results.md.new
mv docs/results.md.new docs/results.md
for picture in crossing trajectories solver-steps variance-training variance-time; do
  cp "$out/quick/figures/$picture.svg" docs/pictures/
done
for picture in mixture-table images-distances; do
  cp "$out/middle/figures/$picture.svg" docs/pictures/
done
