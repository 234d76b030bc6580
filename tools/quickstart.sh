#!/usr/bin/env bash
# quickstart.sh: from a fresh clone to the report, in one command.
#
# Installs what is missing (Debian, Ubuntu), builds Release, runs the main job and says where the
# report lies. Any arguments go to `gradvar reproduce`, for instance --threads 4.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/packages.sh

need_packages "${BUILD_PACKAGES[@]}" gnuplot-nox

cmake -S . -B build -G Ninja -DCMAKE_BUILD_TYPE=Release -DGRADVAR_TESTS=OFF >/dev/null
cmake --build build --target gradvar

build/gradvar reproduce --preset quick --out runs/quick "$@"
echo
echo "The report: $PWD/runs/quick/report.html"
