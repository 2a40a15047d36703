#!/usr/bin/env bash
# Runs a command against a throw-away PostgreSQL:
#
#   scripts/postgres.sh run -- COMMAND…
#
# The server lives in a fresh directory, listens on a free loopback port and trusts everybody who
# can reach it. COMMAND finds its address in YIKATONG_TEST_POSTGRES. At the end the server is
# stopped and its directory deleted; if COMMAND failed, the end of the server log is shown first.
set -euo pipefail

usage() {
    sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 64
}

[[ ${1:-} == run ]] || usage
shift
[[ ${1:-} != -- ]] || shift
(($# > 0)) || usage

# The newest Debian version first, then wherever else the tools may be.
find_tool() {
    local name=$1 dir
    while read -r dir; do
        [[ -x $dir/$name ]] && echo "$dir/$name" && return
    done < <(
        printf '%s\n' /usr/lib/postgresql/*/bin | sort --version-sort --reverse
        echo /usr/local/bin
    )
    command -v "$name" && return
    echo "postgres.sh: $name not found; install the package postgresql" >&2
    return 1
}

initdb=$(find_tool initdb)
pg_ctl=$(find_tool pg_ctl)

home=$(mktemp --directory --tmpdir yikatong-postgres.XXXXXX)
data=$home/data
log=$home/log

# PostgreSQL refuses to run as root.
as_server() {
    if ((EUID == 0)); then
        (cd "$home" && runuser --user postgres -- "$@")
    else
        "$@"
    fi
}
((EUID != 0)) || chown postgres "$home"

finish() {
    local status=$?
    trap - EXIT
    if ((status != 0)) && [[ -s $log ]]; then
        echo "postgres.sh: failed with $status; the end of the server log:" >&2
        tail --lines=40 "$log" >&2
    fi
    if [[ -f $data/postmaster.pid ]]; then
        as_server "$pg_ctl" stop --pgdata="$data" --mode=immediate --silent || true
    fi
    rm --recursive --force "$home"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

free_port() {
    local port
    for _ in {1..100}; do
        port=$((20000 + RANDOM % 12000))
        (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port" && return; }
    done
    return 1
}

as_server "$initdb" --pgdata="$data" --username=postgres --auth=trust --encoding=UTF8 \
    --locale=C.UTF-8 >"$log" 2>&1

# Another process may take the port between the look and the start, so try again with another one.
start() {
    local port
    for _ in 1 2 3; do
        port=$(free_port)
        if as_server "$pg_ctl" start --pgdata="$data" --log="$log" --silent --wait --options="\
-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories='' \
-c fsync=on -c max_connections=300"; then
            export YIKATONG_TEST_POSTGRES=postgres://postgres@127.0.0.1:$port/postgres
            return
        fi
    done
    echo "postgres.sh: the server does not start" >&2
    return 1
}
((EUID != 0)) || chown postgres "$log"
start

"$@"
