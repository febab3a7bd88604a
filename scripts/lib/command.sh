# shellcheck shell=bash
# `scripts/demo -- COMMAND`: the command twice, without and with the shim, each
# time in a throwaway overlay of the machine's file systems (command-run.sh), and
# a table of what it left. Sourced by scripts/demo, whose variables it uses:
# work, lib, json, verdict.
# shellcheck disable=SC2154

# command_environment ROUND: the preload for the run with the shim. The caller's
# own UMASKCLAMP_* go along in both: without the preload nothing reads them.
command_environment() {
    mkdir -m 0755 "$work/$1"
    if [ "$1" = with ]; then
        printf 'LD_PRELOAD=%s%s\n' "${LD_PRELOAD:+$LD_PRELOAD:}" "$work/lib/libumaskclamp.so"
    fi >"$work/$1/environment"
}

# json_text STRING: undoes the escapes of a JSON string that a record holds.
json_text() {
    local text=$1
    text=${text//\\\"/\"}
    text=${text//\\\//\/}
    printf '%b' "$text"
}

# command_load ROUND: fills modes[ROUND PATH] and state[PATH] from the list.
command_load() {
    local path how type mode
    while IFS=$'\t' read -r -d '' path how type mode; do
        modes["$1 $path"]=$mode
        state[$path]=$how
        kind[$path]=$type
    done <"$work/$1/list"
}

# command_rules: fills rules[PATH] from the records of the audit probe.
command_rules() {
    local line path rule
    local text='((\\.|[^"\\])*)'
    [ -f "$work/with/records" ] || return 0
    while IFS= read -r line; do
        [[ $line =~ \"action\":\"would- ]] || continue
        [[ $line =~ \"path\":\"$text\" ]] || continue
        path=$(json_text "${BASH_REMATCH[1]}")
        rule='?'
        if [[ $line =~ \"rule\":\"$text\" ]]; then rule=$(json_text "${BASH_REMATCH[1]}"); fi
        rules[$path]=$rule
    done <"$work/with/records"
}

# shellcheck disable=SC2016  # Markdown's backquotes
# shown PATH: for a table cell: no control characters, no column separator.
shown() {
    local text=$1
    case $text in
        *[[:cntrl:]]*) printf -v text '%q' "$text" ;;
    esac
    printf '`%s`' "${text//|/\\|}"
}

# The keys of the caller's `state`, each ended by a zero byte.
sorted_paths() {
    [ ${#state[@]} -eq 0 ] || printf '%s\0' "${!state[@]}" | LC_ALL=C sort -z
}

# shellcheck disable=SC2034  # `verdict` is the caller's
run_command_demo() {
    local round path without with rule key mask plain=0 sensitive=0 faults=0
    local -A modes=() state=() kind=() rules=()
    local -A statuses=()
    can_unshare || {
        echo "demo: no private namespaces here: root with CAP_SYS_ADMIN, or an ordinary user with unprivileged user namespaces, is needed" >&2
        exit "$EXIT_SKIPPED"
    }
    need_commands "the demo" unshare=util-linux find=findutils || exit "$EXIT_SKIPPED"
    prepare_shim || exit 1
    make_work
    mkdir -m 0755 "$work/layers"
    for round in plain with; do
        command_environment "$round"
        say "run $([ "$round" = plain ] && echo '1 of 2: without' || echo '2 of 2: with') the shim: $*"
        in_background in_namespaces bash "$lib/command-run.sh" "$work" "$round" "$PWD" \
            "$(id -u)" "$(id -g)" "$@" || die "the run ended early"
        [ -f "$work/$round/status" ] || die "the run ended early"
        statuses[$round]=$(<"$work/$round/status")
        command_load "$round"
    done
    command_rules
    # Nothing was compared, whatever a shell around it may have left.
    if [[ ${statuses[plain]} =~ ^12[67]$ && ${statuses[with]} = "${statuses[plain]}" ]]; then
        printf 'demo: %s: not found or not to be executed (exit status %d both times): nothing to compare\n' \
            "$1" "${statuses[plain]}" >&2
        verdict=1
        return
    fi

    mask=${UMASKCLAMP_MASK:-077}
    row 'file or directory' '' 'without the shim' 'with the shim' 'rule'
    rule 5
    while IFS= read -r -d '' path; do
        without=${modes["plain $path"]-–}
        with=${modes["with $path"]-–}
        if [ -z "${rules[$path]+set}" ]; then
            plain=$((plain + 1))
            # What only one of the runs left has a name of its own in each run
            # (a temporary one), or the shim changed what the command does.
            if [ "$without" != "$with" ]; then
                row "$(shown "$path")" "${state[$path]}" "$without" "$with" 'none: DIFFERS'
                faults=$((faults + 1))
            elif [ "$plain" -le 10 ]; then
                row "$(shown "$path")" "${state[$path]}" "$without" "$with" –
            fi
            continue
        fi
        sensitive=$((sensitive + 1))
        rule=$(shown "${rules[$path]}")
        if [ "$with" != – ] && [ $((with & 0$mask)) -ne 0 ]; then
            rule="$rule: STILL OPEN"
            faults=$((faults + 1))
        fi
        row "$(shown "$path")" "${state[$path]}" "$without" "$with" "$rule"
    done < <(sorted_paths)
    printf '\n%d at sensitive paths, %d elsewhere; exit status %d without, %d with the shim.\n' \
        "$sensitive" "$plain" "${statuses[plain]}" "${statuses[with]}"
    if [ "${statuses[plain]}" -ne "${statuses[with]}" ]; then faults=$((faults + 1)); fi
    if [ -n "$json" ]; then
        {
            printf '{"version":1,"status":{"without":%d,"with":%d},"files":[' \
                "${statuses[plain]}" "${statuses[with]}"
            key=
            while IFS= read -r -d '' path; do
                printf '%s{"path":%s,"state":"%s","type":"%s","without":%s,"with":%s,"rule":%s}' "$key" \
                    "$(json_string "$path")" "${state[$path]}" "${kind[$path]}" \
                    "$(json_string "${modes["plain $path"]-}")" \
                    "$(json_string "${modes["with $path"]-}")" \
                    "$(json_string "${rules[$path]-}")"
                key=,
            done < <(sorted_paths)
            printf ']}\n'
        } >"$json"
    fi
    verdict=$((faults > 0 ? 1 : 0))
}
