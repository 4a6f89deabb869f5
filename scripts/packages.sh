#!/usr/bin/env bash
# Installs what is missing from groups of packages.txt: scripts/packages.sh build [test [develop]].
# WEBAI_SKIP_PACKAGES=1 leaves the machine alone.
set -euo pipefail
list="$(dirname "$0")/../packages.txt"

wanted=$(awk -v groups=" $* " '
  /^# group: / { active = index(groups, " " $3 " ") > 0; next }
  /^#/ || NF == 0 { next }
  active { print $1 }' "$list")
[ -n "$wanted" ] || { echo "packages.sh: no such group: $*" >&2; exit 2; }
[ -z "${WEBAI_SKIP_PACKAGES:-}" ] || exit 0

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  {
    echo "This is not a Debian system: packages cannot be installed from here."
    echo "Install what these names stand for, then set WEBAI_SKIP_PACKAGES=1 and repeat:"
    printf '  %s\n' $wanted
  } >&2
  exit 1
fi

missing=()
for package in $wanted; do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$state" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

command="apt-get install -y --no-install-recommends ${missing[*]}"
root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "Packages are missing and neither root nor sudo is at hand. As root, run:" >&2
    echo "  apt-get update && $command" >&2
    exit 1
  fi
  root=(sudo)
fi
echo "Installing: ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
install() { "${root[@]}" $command -o Dpkg::Use-Pty=0 -qq >&2; }
# The second try is with fresh package lists: on a new machine there are none yet.
if ! install 2>/dev/null; then
  if ! { "${root[@]}" apt-get update -qq >&2 && install; }; then
    {
      echo "Could not install: ${missing[*]}"
      echo "Is the network reachable, and does /etc/apt name a Debian 12 (bookworm) mirror? When it does, run:"
      echo "  apt-get update && $command"
      echo "To build with what is there, set WEBAI_SKIP_PACKAGES=1."
    } >&2
    exit 1
  fi
fi
