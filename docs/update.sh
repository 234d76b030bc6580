#!/usr/bin/env bash
# update.sh: makes docs/results.md and docs/pictures/ again, from the quick preset.
set -euo pipefail
cd "$(dirname "$0")/.."
out="${1:-runs/quick}"
build/gradvar reproduce --preset quick --out "$out"
mkdir -p docs/pictures
cp "$out/findings.md" docs/results.md
for picture in crossing trajectories solver-steps variance-training variance-time; do
  cp "$out/figures/$picture.svg" docs/pictures/
done
