#!/usr/bin/env bash
# tidy.sh: what .clang-tidy asks for, in all sources or in those named.
#
# Half an hour for everything on two cores, so it is not part of test.sh: run it on what you changed,
#   tools/tidy.sh autograd/tape.cpp
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/packages.sh

need_packages "${BUILD_PACKAGES[@]}" libgtest-dev clang-tidy
cmake --preset release -DGRADVAR_TESTS=ON >/dev/null  # writes the compile commands
if [ $# -eq 0 ]; then
  mapfile -t files < <(git ls-files 'autograd/*.cpp' 'io/*.cpp' 'nn/*.cpp' 'data/*.cpp' 'flow/*.cpp' 'tools/*.cpp')
  set -- "${files[@]}"
fi
printf '%s\n' "$@" | xargs -P "$(nproc)" -n 4 clang-tidy -p build --quiet --warnings-as-errors='*' \
  --extra-arg=-Wno-unknown-warning-option
