# shellcheck shell=bash
# The part `supervisor` of scripts/bench: the experiment of docs/children.md, programs
# that cannot be entered followed by bench/supervisor.c. Sourced by scripts/bench, for
# what bench-parts.sh sets: WORK, RAM, SAMPLES, METER, SHIM, CALLS, TURNS, JOBS.

part_supervisor() {
    local -a flags=(-O2 -Wall -Wextra)
    # Root, for restic gives the files back to their owners and fails if it cannot.
    if [ "$(uname -m)" != x86_64 ] || ! is_root ||
        ! need_packages "the supervisor" gcc libc6-dev restic util-linux; then
        say "the supervisor is left out: it needs x86-64, root and these packages"
        return 0
    fi
    SUPERVISOR=$WORK/supervisor
    gcc "${flags[@]}" -o "$SUPERVISOR" "$ROOT/bench/supervisor.c"
    gcc "${flags[@]}" -static -o "$WORK/meter-static" "$ROOT/bench/meter.c"
    gcc "${flags[@]}" -static -pthread -o "$WORK/race-static" "$ROOT/bench/race.c"
    gcc "${flags[@]}" -pthread -o "$WORK/race" "$ROOT/bench/race.c"
    supervised_calls
    supervised_restic
    supervised_races
    supervised_limits
}

# supervised GROUP CONFIGURATION DIRECTORY COMMAND...: adds the figure that the command
# prints. With a directory, under the supervisor; sets `stops` to what that says.
supervised() {
    local group=$1 configuration=$2 directory=$3 figure
    shift 3
    figure=$("$@" 2>"$WORK/stderr") || {
        tail -n 5 -- "$WORK/stderr" >&2
        die "$group, $configuration: failed"
    }
    stops=$(sed -n 's/^supervisor: //p' "$WORK/stderr")
    [ -z "$directory" ] || [ -n "$stops" ] || die "$group: the supervisor counted nothing"
    printf '%s\t%s\t%s\n' "$group" "$configuration" "$figure" >>"$SAMPLES"
}

# One call of a static program: with a mode that could be narrowed, one stop; where it
# is narrowed, a second one, to put the register back.
supervised_calls() {
    local system directory turn kind count stops
    while read -r system directory; do
        count=$CALLS
        [ "$directory" != "$WORK/disk" ] || count=$((CALLS / 20))
        mkdir -- "$directory/o" "$directory/s"
        for ((turn = 0; turn < TURNS; turn++)); do
            for kind in open-read create chmod; do
                local group="static program, $kind ($system)"
                local -a call=("$WORK/meter-static" loop "$kind" "$count")
                supervised "$group" plain '' "${call[@]}" "$directory/o" x
                supervised "$group" supervised yes \
                    "$SUPERVISOR" "$directory/s" "${call[@]}" "$directory/o" x
                [ "$kind" != open-read ] || [ "${stops%% *}" -lt 10 ] ||
                    die "an open for reading was stopped: $stops"
                [ "$kind" = open-read ] ||
                    supervised "$group" 'supervised, clamped' yes \
                        "$SUPERVISOR" "$directory/s" "${call[@]}" "$directory/s" x
            done
        done
        rm -rf -- "$directory/o" "$directory/s"
    done < <(directories)
}

# restic, a Go program, by processor time: the supervisor's own included. "plain again"
# tells what the machine alone makes of a ratio. --quick backs up a smaller tree.
supervised_restic() {
    local tree=/usr/share part=/usr/share/doc beside=/usr/share/common-licenses
    local turn configuration target=$WORK repository=$WORK/repository stops system
    local -a under options=(--quiet --no-cache)
    local -x RESTIC_PASSWORD=bench RESTIC_REPOSITORY=$repository
    [ "$JOBS" -gt 1 ] || tree=$part
    say "restic backup of $tree: $(find "$tree" 2>/dev/null | wc -l) files and directories"
    for ((turn = 0; turn < JOBS; turn++)); do
        for configuration in plain supervised 'plain again'; do
            under=()
            [ "$configuration" != supervised ] || under=("$SUPERVISOR" "$repository")
            rm -rf -- "$repository"
            restic "${options[@]}" init >/dev/null
            supervised 'restic backup' "$configuration" "${under[*]}" \
                "$METER" cpu "${under[@]}" restic "${options[@]}" backup "$tree"
            [ "$configuration" != supervised ] || say "restic backup: $stops"
        done
    done
    # To memory where there is room: what a disk takes for a new file changes with what
    # was removed there before, by more than all that is measured here.
    [ -z "$RAM" ] || [ "$(df -Pk "$RAM" | awk 'NR == 2 { print $4 }')" -lt 1000000 ] ||
        target=$RAM
    system=disk
    [ "$target" = "$WORK" ] || system=tmpfs
    target=$target/target
    rm -rf -- "$repository"
    restic "${options[@]}" init >/dev/null
    restic "${options[@]}" backup "$part" "$beside"
    say "restic restore of $part: $(find "$part" 2>/dev/null | wc -l) files and directories"
    for ((turn = 0; turn < JOBS; turn++)); do
        for configuration in plain supervised 'plain again'; do
            under=()
            [ "$configuration" != supervised ] || under=("$SUPERVISOR" "$target$part")
            rm -rf -- "$target"
            mkdir -p -- "$target$part"
            supervised "restic restore ($system)" "$configuration" "${under[*]}" \
                "$METER" cpu "${under[@]}" restic "${options[@]}" restore latest --target "$target"
            restored_modes "$configuration" "$target$part" "$target$beside"
            [ "$configuration" != supervised ] ||
                say "restic restore: $stops; every mode as it should be"
        done
    done
    rm -rf -- "$target" "$repository"
}

# restored_modes CONFIGURATION SENSITIVE BESIDE: under the supervisor nothing is wide
# at the sensitive place and all is as ever beside it; without, there is something wide.
restored_modes() {
    local wide beside
    wide=$(find "$2" ! -type l -perm /077 | wc -l)
    beside=$(find "$3" -printf '%m %P\n' | sort)
    if [ "$1" != supervised ]; then
        [ "$wide" -gt 0 ] || die "restic restored nothing wide: this says nothing"
        beside_plain=$beside
    else
        [ "$wide" -eq 0 ] || die "restic restore: $wide are wide at the sensitive place"
        [ "$beside" = "$beside_plain" ] || die "restic restore: other modes at the plain place"
    fi
}

# race WORDS MODE COMMAND...: runs bench/race.c in new directories that anybody may
# write to; WITHIN in the command stands for the sensitive one.
race() {
    local words=$1 mode=$2 place=$WORK/place at_s wide at_o narrow failures figures
    shift 2
    rm -rf -- "$place"
    mkdir -- "$place" "$place/o" "$place/s"
    chmod 0777 "$place"
    figures=$("${@//WITHIN/$place/s}" "$mode" "$((CALLS * 5))" "$place" 2>"$WORK/stderr") || {
        tail -n 5 -- "$WORK/stderr" >&2
        die "race, $words: failed"
    }
    IFS=$'\t' read -r at_s wide at_o narrow failures <<<"$figures"
    say "race, path changed by $mode, $words: sensitive place $at_s, of these wide $wide;" \
        "plain place $at_o, of these narrow $narrow; failed $failures"
    [ "$mode" != none ] || { [ "$wide" -eq 0 ] && [ "$narrow" -eq 0 ]; } ||
        die "race, $words: wrong modes though nothing changed"
    rm -rf -- "$place"
}

# What it is worth if the path changes meanwhile; the library beside it.
supervised_races() {
    local mode
    for mode in none memory link; do
        race 'static program, supervised' "$mode" "$SUPERVISOR" WITHIN "$WORK/race-static"
        race 'dynamic program, library' "$mode" env LD_PRELOAD="$SHIM" \
            UMASKCLAMP_PATTERNS=WITHIN "$WORK/race"
    done
    # The library's own answer to a link that is swapped is openat2, which the filter
    # has to refuse: the supervisor here watches a place where nothing is created.
    mkdir -- "$WORK/nowhere"
    race 'dynamic program, library, below a supervisor' link "$SUPERVISOR" "$WORK/nowhere" \
        env LD_PRELOAD="$SHIM" UMASKCLAMP_PATTERNS=WITHIN "$WORK/race"
    rmdir -- "$WORK/nowhere"
}

# What a program loses under it, where that can be seen from outside.
supervised_limits() {
    local plain supervised
    local -a user=(setpriv --reuid 65534 --regid 65534 --clear-groups)
    mkdir -- "$WORK/place"
    if "$SUPERVISOR" "$WORK/place" "$SUPERVISOR" "$WORK/place" true 2>"$WORK/stderr"; then
        die "a second tracer was admitted"
    fi
    say "a tracer below the supervisor: $(grep -m 1 ptrace "$WORK/stderr")"
    install -m 4755 -- "$(command -v id)" "$WORK/id"
    chmod 0711 "$WORK"
    plain=$("${user[@]}" "$WORK/id" -u)
    supervised=$("${user[@]}" "$SUPERVISOR" "$WORK/place" "$WORK/id" -u 2>"$WORK/stderr") ||
        die "set-user-ID: $(tail -n 1 -- "$WORK/stderr")"
    say "a set-user-ID program of root's, started by user 65534, runs as user" \
        "$plain; below the supervisor as $supervised"
    rm -f -- "$WORK/id"
    rmdir -- "$WORK/place"
}
