#!/usr/bin/env bash
# Checks licences, bans and sources of all dependencies, and known advisories where the advisory
# database can be had. Rules: deny.toml.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

DENY_VERSION=0.20.2
DENY_HOME=$TARGET/tools/cargo-deny-$DENY_VERSION

# Prints the path of cargo-deny in our version, building it once when it is not there.
deny_program() {
  if have cargo-deny && [[ $(cargo-deny --version) == "cargo-deny $DENY_VERSION" ]]; then
    command -v cargo-deny
    return
  fi
  if [[ ! -x $DENY_HOME/bin/cargo-deny ]]; then
    say "building cargo-deny $DENY_VERSION once, into $DENY_HOME" >&2
    # Its own release profile optimises for months of use; this takes a quarter of the time.
    CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
      CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_TARGET_DIR=$TARGET/tools/build \
      cargo install --quiet --locked --no-default-features --root "$DENY_HOME" \
      "cargo-deny@$DENY_VERSION" >&2
    rm -rf "$TARGET/tools/build"
  fi
  echo "$DENY_HOME/bin/cargo-deny"
}

deny_check() {
  local program
  program=$(deny_program)
  cd "$ROOT"
  "$program" --log-level error check --hide-inclusion-graph bans licenses sources
  if timeout 120 "$program" --log-level error fetch db >/dev/null 2>&1; then
    "$program" --log-level error check --hide-inclusion-graph --disable-fetch advisories
  else
    warn "the advisory database cannot be reached: known advisories were NOT checked"
  fi
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then deny_check; fi
