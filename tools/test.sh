#!/usr/bin/env bash
# test.sh: everything that must be green before a commit.
#
# Installs what is missing (Debian, Ubuntu), builds Release and runs all tests, then does the same
# under the address and undefined-behaviour sanitizers. Warnings are errors in Release; instrumented
# code makes g++ warn of things that are not there.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/packages.sh

need_packages "${BUILD_PACKAGES[@]}" libgtest-dev gnuplot-nox

jobs=$(nproc)
build_and_test() {  # preset, and a title
  echo "== $2"
  cmake --preset "$1" -DGRADVAR_TESTS=ON >/dev/null
  cmake --build --preset "$1"
  ctest --preset "$1" --parallel "$jobs"
}

tools/check_style.sh
build_and_test release "Release"
build_and_test asan "Address and undefined-behaviour sanitizers"
