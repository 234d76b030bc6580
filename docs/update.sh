#!/usr/bin/env bash
# update.sh: makes docs/results.md and docs/pictures/ again from one run of all studies at the middle
# preset, which goes on where it was stopped.
#   docs/update.sh [DIR]   results go to DIR/middle, DIR being runs by default
set -euo pipefail
cd "$(dirname "$0")/.."
out="${1:-runs}/middle"
build/gradvar reproduce counterexample pairing gaussian mixture images datasets architectures \
  longrun identifiability --preset middle --out "$out"
mkdir -p docs/pictures
# shown FIGURE TEXT: copies a figure, and says where it lies to the page.
shown() {
  cp "$out/figures/$1.svg" docs/pictures/
  printf '\n![%s](pictures/%s.svg)\n' "$2" "$1"
}
{
  cat "$out/findings.md"
  printf '\n## Pictures\n'
  shown crossing "Counter-example 1: forty of the training pairs, whose lines all cross in one point"
  shown trajectories "Paths of forty training sources through the learned fields"
  shown solver-steps "Distance to the training and to the optimal partner against the number of Euler steps"
  shown variance-training "Loss and exact gradient variance through training"
  shown variance-time "Exact gradient variance given the time, before and after training"
  shown mixture-table \
    "Table 1, a mark a seed: squared MMD to the training targets, and to held-out ones"
  shown images-distances "Tables 2 and 3: whose image comes out"
  shown datasets "Gradient variance against memorisation, over targets"
  shown architectures "Gradient variance against memorisation, over networks"
  shown longrun "Distance to the training partner and gradient variance, through long training"
  shown identifiability \
    "The noise at which networks stop memorising, against that at which half of log N is lost"
} >docs/results.md.new
mv docs/results.md.new docs/results.md
