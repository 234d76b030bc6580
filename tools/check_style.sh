#!/usr/bin/env bash
# check_style.sh: what a reader would trip over. Files over 400 lines, lines over 100 columns, tabs,
# marks of unfinished work, layers that include upwards, ops without a test, and (where clang-format
# 14 is installed; other versions break lines otherwise) formatting.
set -euo pipefail
cd "$(dirname "$0")/.."
status=0
complain() {
  echo "$1" >&2
  status=1
}

mapfile -t sources < <(git ls-files '*.h' '*.cpp')
for file in "${sources[@]}"; do
  lines=$(wc -l <"$file")
  [ "$lines" -le 400 ] || complain "$file has $lines lines, at most 400 are allowed"
done
if grep -nE '.{101,}' "${sources[@]}"; then complain "lines over 100 columns, above"; fi
if grep -nP '\t' "${sources[@]}"; then complain "tabs, above"; fi
if grep -nE 'TODO|FIXME|XXX|GTEST_SKIP' "${sources[@]}"; then complain "unfinished, above"; fi

# Includes run downwards only: tools > flow > nn > data > io > autograd; data and flow never meet.
refuse() {  # directory, pattern of directories it must not include
  if grep -rnE "#include \"($2)/" "$1" --include='*.h' --include='*.cpp'; then
    complain "$1 must not include $2, above"
  fi
}
refuse autograd 'io|data|nn|flow|tools|tests|bench'
refuse io 'data|nn|flow|tools|tests|bench'
refuse data 'nn|flow|tools|tests|bench'
refuse nn 'data|flow|tools|tests|bench'
refuse flow 'data|tools|tests|bench'
refuse tools 'tests|bench'
if grep -rlE 'cblas|openblas' --include='*.h' --include='*.cpp' autograd io data nn flow tools |
  grep -v '^autograd/blas\.cpp$' | xargs -r grep -nE '#include <(cblas|lapacke)|cblas_[a-z]'; then
  complain "only autograd/blas.cpp calls BLAS, above"
fi

test_files=$(git ls-files tests)
for op in autograd/ops/*.cpp; do
  name=$(basename "$op" .cpp)
  grep -q "/${name}_test.cpp$" <<<"$test_files" || complain "the op $name has no test file"
  grep -q "GradcheckCase ${name}_case(" autograd/op_cases.h ||
    complain "the op $name has no case in op_cases.h, so gradvar verify does not know it"
done

if clang-format --version 2>/dev/null | grep -q 'version 14\.'; then
  clang-format --dry-run -Werror "${sources[@]}" || complain "clang-format would change the above"
fi
exit $status
