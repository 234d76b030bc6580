# packages.sh: makes sure that the named Debian packages are installed. Sourced, not run.
#
#   need_packages g++ cmake ...
#
# Installs what is missing with apt, by sudo when not root. Where neither works it prints the one
# line to run and stops with status 1.

need_packages() {
  local missing=() package
  for package in "$@"; do
    if [ "$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null)" != "install ok installed" ]; then
      missing+=("$package")
    fi
  done
  [ ${#missing[@]} -eq 0 ] && return 0

  local install="apt-get install -y --no-install-recommends ${missing[*]}"
  echo "Installing: ${missing[*]}"
  local prefix=""
  if [ "$(id -u)" -ne 0 ]; then
    prefix="sudo"
    if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null && [ ! -t 0 ]; then
      echo "These packages are missing and cannot be installed from here. Run this line first:" >&2
      echo "  sudo apt-get update && sudo $install" >&2
      exit 1
    fi
  fi
  if ! { DEBIAN_FRONTEND=noninteractive $prefix apt-get update -qq &&
    DEBIAN_FRONTEND=noninteractive $prefix $install >/dev/null; }; then
    echo "Installing failed. Run this line, then try again:" >&2
    echo "  $prefix apt-get update && $prefix $install" >&2
    exit 1
  fi
}

BUILD_PACKAGES=(g++ cmake ninja-build libopenblas-dev libcli11-dev nlohmann-json3-dev libstb-dev)
