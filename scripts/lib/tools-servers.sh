# shellcheck shell=bash
# The database servers that cases of scripts/tools dump: below $work/servers, as
# the throwaway user, reached by a socket there. Sourced; work, only, list.
# shellcheck disable=SC2154

servers=()

# served COMMAND...: as the throwaway user, in the servers' directory.
served() {
    local -a become=()
    if is_root; then
        become=(setpriv "--reuid=$TOOL_UID" "--regid=$TOOL_UID" --clear-groups)
    fi
    (
        umask 022
        cd "$work/servers" || exit
        "${become[@]}" env -i PATH=/usr/bin:/bin:/usr/sbin LC_ALL=C.UTF-8 TZ=UTC \
            HOME="$work/servers" TMPDIR="$work/servers" "$@"
    ) >>"$work/servers.log" 2>&1
}

# server postgres|mariadb WORDS: starts it, unless no case with one of the words
# is asked for. Where it cannot be had, its cases are skipped, and counted so.
server() {
    local word wanted=0 fault
    for word in $2; do
        [[ -z $only || $word == *"$only"* || $only == *"$word"* ]] && wanted=1
    done
    [ "$list" -eq 1 ] && return 0
    [ "$wanted" -eq 1 ] || return 1
    if [ ! -d "$work/servers" ]; then
        mkdir -m 0755 "$work/servers"
        is_root && chown "$TOOL_UID:$TOOL_UID" "$work/servers"
    fi
    if fault=$(tool_packages "$1" "$(server_packages "$1")") && start_"$1"; then
        return 0
    fi
    skipped=$((skipped + 1))
    row "$1 and its clients" – – – – "skipped: ${fault:-$(tail -n 1 "$work/servers.log")}"
    return 1
}

server_packages() {
    case $1 in
        postgres) echo postgresql ;;
        mariadb) echo mariadb-server-core mariadb-client ;;
    esac
}

start_postgres() {
    local dir=$work/servers bin
    for bin in /usr/lib/postgresql/*/bin; do :; done
    ln -sfn "$bin" "$dir/pgbin"
    say "starting a PostgreSQL server"
    served "$bin/initdb" -D "$dir/pg" -A trust -N -U somebody || return 1
    served "$bin/pg_ctl" -D "$dir/pg" -w -t 3600 -l "$dir/pg.log" \
        -o "-k $dir -c listen_addresses= -c fsync=off" start || return 1
    servers+=(postgres)
    served "$bin/psql" -h "$dir" -U somebody -qXc \
        'create table t(x int); insert into t select generate_series(1, 100)' postgres
}

start_mariadb() {
    local dir=$work/servers
    say "starting a MariaDB server"
    served mariadb-install-db --no-defaults --datadir="$dir/my" --auth-root-authentication-method=normal || return 1
    # Reads no file of the machine's configuration, listens on its socket alone.
    served mariadbd --no-defaults --datadir="$dir/my" --socket="$dir/mysql.sock" \
        --pid-file="$dir/mysql.pid" --skip-networking --skip-grant-tables &
    wait_for 3600 "the MariaDB server" or_ended "$!" served mariadb --no-defaults -S "$dir/mysql.sock" -e \
        'create database if not exists test; create table test.t(x int); insert into test.t values (1),(2)' ||
        return 1
    ! ended "$!" || return 1
    servers+=(mariadb)
}

# stop_servers: what start_* started, by the numbers in their own files.
# shellcheck disable=SC2317  # called by the trap of scripts/tools
stop_servers() {
    local pid
    [ -n "${work-}" ] || return 0
    for pid in "$work/servers/pg/postmaster.pid" "$work/servers/mysql.pid"; do
        [ -s "$pid" ] && kill -INT "$(head -n 1 "$pid")" 2>/dev/null
    done
    [ ${#servers[@]} -eq 0 ] || sleep 1
    if [ -s "$work/servers/mysql.pid" ]; then
        kill -TERM "$(head -n 1 "$work/servers/mysql.pid")" 2>/dev/null || :
        wait
    fi
}
