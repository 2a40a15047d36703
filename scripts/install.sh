#!/usr/bin/env bash
# Installs the Debian packages that building and testing need, each only when it is missing.
#
#   scripts/install.sh             everything
#   scripts/install.sh --no-browser  without Chromium and the Chinese fonts
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
source "$ROOT/scripts/postgres.sh"

# As many seconds as another program may hold apt's locks before we give up.
LOCK_PATIENCE=600

missing_packages() { # $1: yes when the browser is wanted
  have cc || echo gcc libc6-dev
  have c++ || echo g++
  have openssl || echo openssl
  have ip || echo iproute2
  postgres_bin >/dev/null || echo postgresql
  [[ $1 == yes ]] || return 0
  have chromium || echo chromium
  have chromedriver || echo chromium-driver
  has_chinese_font || echo fonts-noto-cjk
}

has_chinese_font() {
  if have fc-list; then
    [[ -n $(fc-list ':lang=zh-cn' family 2>/dev/null) ]]
  else
    dpkg -s fonts-noto-cjk >/dev/null 2>&1
  fi
}

as_root() {
  if ((EUID == 0)); then
    env DEBIAN_FRONTEND=noninteractive "$@"
  else
    have sudo || die "not root and no sudo: run as root: $*"
    sudo env DEBIAN_FRONTEND=noninteractive "$@"
  fi
}

# The lock of the package lists has no waiting option in apt, so the command is tried again.
apt_update() {
  local began=$SECONDS answer
  until answer=$(as_root apt-get -q update 2>&1); do
    if [[ $answer != *lock* ]] || ((SECONDS - began > LOCK_PATIENCE)); then
      warn "the package lists could not be renewed; trying with those at hand:"
      tail -n 3 <<<"$answer" >&2
      return 0
    fi
    say "another program is using apt; waiting"
    sleep 5
  done
}

apt_install() {
  local tries=0 speed=() log=$TARGET/apt.log
  # A CI machine is thrown away: it need not flush every file that is unpacked.
  if [[ -n ${CI:-} ]]; then speed=(-o Dpkg::Options::=--force-unsafe-io); fi
  mkdir -p "$TARGET"
  until as_root apt-get -q -y -o Dpkg::Use-Pty=0 -o "DPkg::Lock::Timeout=$LOCK_PATIENCE" \
    "${speed[@]}" install --no-install-recommends "$@" >"$log" 2>&1; do
    tail -n 15 "$log" >&2
    ((++tries < 3)) || return 1
    warn "apt failed (all it said: $log); trying again"
    sleep 5
  done
}

install_missing() { # $1: yes when the browser is wanted
  local packages began=$SECONDS
  mapfile -t packages < <(missing_packages "$1" | tr ' ' '\n')
  ((${#packages[@]})) || return 0
  have apt-get || die "this is not Debian: install the equivalents of: ${packages[*]}"
  say "installing with apt: ${packages[*]}"
  apt_update
  apt_install "${packages[@]}" || die "apt could not install: ${packages[*]}"
  hash -r
  say "installed ($((SECONDS - began)) s)"
  mapfile -t packages < <(missing_packages "$1" | tr ' ' '\n')
  ((${#packages[@]} == 0)) || die "still missing after the installation: ${packages[*]} \
(PostgreSQL must be version $POSTGRES_OLDEST or newer)"
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
  case ${1:-} in
    '') install_missing yes ;;
    --no-browser) install_missing no ;;
    *) die "usage: scripts/install.sh [--no-browser]" ;;
  esac
fi
