#!/usr/bin/env bash
# A PostgreSQL server for tests that is thrown away afterwards.
#
#   scripts/postgres.sh run -- COMMAND…   runs COMMAND with YIKATONG_TEST_POSTGRES set to a new server
#                                         and YIKATONG_TEST_POSTGRES_CA to the file of its certificate
#   scripts/postgres.sh start             starts one that stays, and prints what to export
#   scripts/postgres.sh stop              stops and deletes the one that `start` left
#
# It listens on 127.0.0.1 and on a socket in its own folder, and trusts whoever can reach them.
# Flushes are real (fsync on): the crash tests depend on them.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

POSTGRES_OLDEST=15
POSTGRES_DIR=
POSTGRES_STATE=$TARGET/test-postgres.folder

# Prints the folder with the programs of the newest server at hand.
postgres_bin() {
  local folder version
  for folder in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV) /usr/local/bin /usr/bin; do
    [[ -x $folder/initdb && -x $folder/pg_ctl && -x $folder/postgres ]] || continue
    version=$("$folder/postgres" --version | grep -oE '[0-9]+' | head -n 1)
    if ((version >= POSTGRES_OLDEST)); then
      echo "$folder"
      return 0
    fi
  done
  return 1
}

# PostgreSQL refuses to run as root; then an unprivileged user runs it.
as_server_user() {
  local user=nobody
  if ((EUID != 0)); then
    "$@"
    return
  fi
  if id postgres >/dev/null 2>&1; then user=postgres; fi
  setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups -- "$@"
}

free_port() {
  local port
  while :; do
    port=$((RANDOM % 20000 + 20000))
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "$port"
      return
    fi
  done
}

# Starts a server, sets POSTGRES_DIR and exports YIKATONG_TEST_POSTGRES. With the word `stay` it
# outlives this script.
postgres_start() {
  local bin port settings try
  bin=$(postgres_bin) || die "no PostgreSQL $POSTGRES_OLDEST or newer: run scripts/install.sh"
  # A short path that the server's user can enter: a socket's path has at most 107 bytes.
  POSTGRES_DIR=$(mktemp -d /tmp/yikatong-postgres.XXXXXX)
  if [[ ${1:-} != stay ]]; then postgres_watch; fi
  if ((EUID == 0)); then as_server_user id -u | xargs -I{} chown {} "$POSTGRES_DIR"; fi
  (
    cd "$POSTGRES_DIR"
    as_server_user "$bin/initdb" --pgdata=data --username=yikatong --auth=trust --encoding=UTF8 \
      --locale=C --no-sync >initdb.log 2>&1
  ) || {
    cat "$POSTGRES_DIR/initdb.log" >&2
    die "initdb failed"
  }
  # One certificate that is its own authority, for tests of TLS; 127.0.0.1 is its only name.
  (
    cd "$POSTGRES_DIR"
    as_server_user openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
      -subj /CN=test -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE \
      -keyout data/server.key -out data/server.crt >initdb.log 2>&1
  ) || {
    cat "$POSTGRES_DIR/initdb.log" >&2
    die "openssl made no certificate"
  }
  cp "$POSTGRES_DIR/data/server.crt" "$POSTGRES_DIR/ca.pem"
  # Another program may take the port between our look and the server's start.
  for try in 1 2 3 4 5; do
    port=$(free_port)
    settings="-p $port -k $POSTGRES_DIR -c listen_addresses=127.0.0.1 -c max_connections=300"
    settings+=" -c fsync=on -c synchronous_commit=on -c shared_buffers=128MB -c timezone=UTC -c ssl=on"
    if (
      cd "$POSTGRES_DIR"
      as_server_user "$bin/pg_ctl" start -w -s -t 60 -D data -l log -o "$settings" >/dev/null 2>&1
    ); then
      export YIKATONG_TEST_POSTGRES="postgres://yikatong@127.0.0.1:$port/postgres"
      export YIKATONG_TEST_POSTGRES_CA="$POSTGRES_DIR/ca.pem"
      return 0
    fi
  done
  cat "$POSTGRES_DIR/log" >&2 || true
  die "PostgreSQL did not start in $try attempts"
}

# Stops and deletes the server also when this script is killed without a chance to do it itself.
postgres_watch() {
  setsid bash -c 'tail --pid="$1" -f /dev/null; source "$2"; POSTGRES_DIR=$3; postgres_stop' \
    watch "$$" "$ROOT/scripts/postgres.sh" "$POSTGRES_DIR" </dev/null >/dev/null 2>&1 &
  disown
}

# Stops the server of POSTGRES_DIR and deletes it; $1, when given, is where its log is kept.
postgres_stop() {
  local bin
  [[ -n $POSTGRES_DIR && -d $POSTGRES_DIR ]] || return 0
  bin=$(postgres_bin)
  (cd "$POSTGRES_DIR" && as_server_user "$bin/pg_ctl" stop -s -w -t 30 -m immediate -D data) >/dev/null 2>&1 || true
  if [[ -n ${1:-} && -f $POSTGRES_DIR/log ]]; then
    mkdir -p "$(dirname "$1")"
    cp "$POSTGRES_DIR/log" "$1"
    say "the log of PostgreSQL is kept in $1"
  fi
  rm -rf "$POSTGRES_DIR"
  POSTGRES_DIR=
}

# After a failure the log of the server is kept and its end is shown.
postgres_run_end() {
  local status=$? log=$TARGET/test-postgres.log
  trap - EXIT
  if ((status == 0)); then
    postgres_stop
  else
    postgres_stop "$log" >&2
    tail -n 30 "$log" >&2 || true
  fi
  exit "$status"
}

postgres_main() {
  local word=${1:-}
  shift || true
  case $word in
    run)
      if [[ ${1:-} == -- ]]; then shift; fi
      (($#)) || die "usage: scripts/postgres.sh run -- COMMAND…"
      trap postgres_run_end EXIT
      trap 'exit 130' INT
      trap 'exit 143' TERM HUP
      postgres_start
      "$@"
      ;;
    start)
      if [[ -f $POSTGRES_STATE && -d $(<"$POSTGRES_STATE") ]]; then
        die "one is running in $(<"$POSTGRES_STATE"): scripts/postgres.sh stop"
      fi
      trap postgres_stop EXIT
      postgres_start stay
      mkdir -p "$TARGET"
      echo "$POSTGRES_DIR" >"$POSTGRES_STATE"
      trap - EXIT
      echo "export YIKATONG_TEST_POSTGRES=$YIKATONG_TEST_POSTGRES"
      echo "export YIKATONG_TEST_POSTGRES_CA=$YIKATONG_TEST_POSTGRES_CA"
      ;;
    stop)
      [[ -f $POSTGRES_STATE ]] || die "none was started with scripts/postgres.sh start"
      POSTGRES_DIR=$(<"$POSTGRES_STATE")
      postgres_stop
      rm -f "$POSTGRES_STATE"
      ;;
    *) die "usage: scripts/postgres.sh run -- COMMAND… | start | stop" ;;
  esac
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then postgres_main "$@"; fi
