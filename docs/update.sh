#!/usr/bin/env bash
# update.sh: makes docs/results.md and docs/pictures/ again, in three parts, each of which goes on
# where it was stopped: the quick preset of the default set, that of the other studies, and the
# middle preset of the paper's tables.
#   docs/update.sh [DIR] [STUDY...]   results go to DIR/quick, DIR/next and DIR/middle, runs/ by
#                                     default; STUDY... have a middle part, mixture images by default
set -euo pipefail
cd "$(dirname "$0")/.."
out="${1:-runs}"
shift || true
middle=("$@")
[ $# -gt 0 ] || middle=(mixture images)
build/gradvar reproduce --preset quick --out "$out/quick"
build/gradvar reproduce images datasets architectures longrun identifiability --preset quick \
  --out "$out/next"
build/gradvar reproduce "${middle[@]}" --preset middle --out "$out/middle"
mkdir -p docs/pictures
{
  cat "$out/quick/findings.md"
  # One title for the page: those of the other parts become sections.
  for part in next middle; do
    echo
    case $part in
      next) title="The other studies, quick preset" ;;
      middle) title="The paper's tables, middle preset" ;;
    esac
    sed "1s/.*/## $title/" "$out/$part/findings.md"
  done
} >docs/results.md.new
mv docs/results.md.new docs/results.md
for picture in crossing trajectories solver-steps variance-training variance-time; do
  cp "$out/quick/figures/$picture.svg" docs/pictures/
done
for picture in next/figures/identifiability middle/figures/mixture-table \
  middle/figures/images-distances; do
  if [ -e "$out/$picture.svg" ]; then cp "$out/$picture.svg" docs/pictures/; fi
done
