#!/usr/bin/env bash
# update.sh: makes docs/results.md and docs/pictures/ again, in three parts, each of which goes on
# where it was stopped: the quick preset of the default set, that of the other studies, and the
# middle preset of the paper's tables.
#   docs/update.sh [DIR] [STUDY...]   results go to DIR/quick, DIR/next and DIR/middle, DIR being
#                                     runs by default; STUDY... have a middle part, by default
#                                     mixture and images
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
# shown FILE TEXT: copies a figure where there is one, and says where it lies to the page.
shown() {
  [ -e "$out/$1.svg" ] || return 0
  cp "$out/$1.svg" docs/pictures/
  printf '\n![%s](pictures/%s.svg)\n' "$2" "$(basename "$1")"
}
# One title for the page: those of the other parts become sections.
section() {
  echo
  sed "1s/.*/## $2/" "$out/$1/findings.md"
}
{
  cat "$out/quick/findings.md"
  section next "The other studies, quick preset"
  shown next/figures/identifiability \
    "The noise at which networks stop memorising, against that at which half of log N is lost"
  section middle "The paper's tables, middle preset"
  shown middle/figures/mixture-table \
    "Table 1, a mark a seed: squared MMD to the training targets, and to held-out ones"
  shown middle/figures/images-distances "Tables 2 and 3: whose image comes out"
} >docs/results.md.new
mv docs/results.md.new docs/results.md
for picture in crossing trajectories solver-steps variance-training variance-time; do
  cp "$out/quick/figures/$picture.svg" docs/pictures/
done
