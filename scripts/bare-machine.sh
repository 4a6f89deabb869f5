#!/usr/bin/env bash
# Runs .ci/run, or the command given, on a bare Debian 12: a fresh folder made by debootstrap, entered by chroot, with a
# copy of the committed tree. Needs root and the package debootstrap; mirror and apt's sources are this machine's.
# BARE_ROOT names a folder to keep the empty system in, for the next time.
set -euo pipefail
cd "$(dirname "$0")/.."
mirror=$(grep -rhoE 'https?://[^ ]+/debian\b' /etc/apt/sources.list /etc/apt/sources.list.d/*.sources \
  /etc/apt/sources.list.d/*.list 2>/dev/null | grep -v snapshot | head -n 1 || true)
[ -n "$mirror" ] || { echo "bare-machine: /etc/apt names no Debian mirror" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
empty=${BARE_ROOT:-$work/empty}
[ -d "$empty/etc" ] || debootstrap --variant=minbase bookworm "$empty" "$mirror"
cp -a "$empty" "$work/root"
cp -a /etc/apt/sources.list.d/debian.sources "$work/root/etc/apt/sources.list.d/" 2>/dev/null &&
  rm -f "$work/root/etc/apt/sources.list" || true
cp -a /etc/apt/apt.conf.d/*proxy* "$work/root/etc/apt/apt.conf.d/" 2>/dev/null || true
cp -L /etc/resolv.conf /etc/hosts "$work/root/etc/"
git clone -q . "$work/root/webai"

# Mounts live in a namespace of their own and go with it.
command=${*:-.ci/run}
unshare --mount --pid --fork bash -euc '
  mount -t proc proc "$1/proc"
  mount --rbind /dev "$1/dev"
  mount --rbind /sys "$1/sys"  # drivers look for the processors there
  mount -t tmpfs tmpfs "$1/dev/shm"
  exec chroot "$1" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
    WEBAI_CI_SHARE="$3" bash -c "cd /webai && $2"
' bash "$work/root" "$command" "${WEBAI_CI_SHARE:-}"
