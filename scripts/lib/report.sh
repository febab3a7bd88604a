# shellcheck shell=bash
# What scripts/demo prints about ReaR: the Markdown table and the JSON. Sourced.

round_name() {
    case $1 in
        plain) echo "without the shim" ;;
        builtin) echo "with the shim, built-in list" ;;
        own) echo "with the shim, own list" ;;
        file) echo "with the shim, patterns file" ;;
    esac
}

# rear_compare WORK VARIANT: the comparison with the plain round, as facts.
rear_compare() {
    local work=$1 variant=$2
    compare_entries "$work" "$variant"
    compare_contents "$work" "$variant"
    {
        printf 'entries=%d\n' "$(wc -l <"$work/$variant/b")"
        printf 'plain_entries=%d\n' "$(wc -l <"$work/$variant/a")"
        printf 'own_entries=%d\n' "$(wc -l <"$work/$variant/shim.entries")"
        printf 'differ=%d\n' "$(wc -l <"$work/$variant/differ")"
        printf 'inherited=%d\n' "$(wc -l <"$work/$variant/inherited")"
        printf 'contents_differ=%d\n' "$(wc -l <"$work/$variant/contents")"
        printf 'iso_entries=%d\n' "$(wc -l <"$work/$variant/iso.list")"
        printf 'iso_differ=%d\n' "$(compare_iso "$work" "$variant")"
        printf 'log_differ=%d\n' "$(compare_logs "$work" "$variant")"
    } >>"$work/$variant/facts"
}

# The four scenarios' cells, from the facts of one round.
cell() {
    case $1 in
        log) printf '%s bytes read' "$(thousands "${fact[log_bytes]}")" ;;
        backup)
            printf '%s and %s, ' "${fact[tar_mode]}" "${fact[backuplog_mode]}"
            if [ "${fact[shadow_bytes]}" -gt 0 ]; then
                printf 'etc/shadow read'
            else
                printf '%s bytes read' "$(thousands $((fact[tar_bytes] + fact[backuplog_bytes])))"
            fi
            ;;
        stale | acl)
            printf '%s, %s bytes read' "${fact[$1_mode]}" "$(thousands "${fact[$1_bytes]}")"
            ;;
    esac
}

# leaked SCENARIO: did the other uid get anything, or could it have?
leaked() {
    case $1 in
        log) [ "${fact[log_bytes]}" -gt 0 ] ;;
        backup)
            [ "${fact[tar_bytes]}" -gt 0 ] || [ "${fact[backuplog_bytes]}" -gt 0 ] ||
                [ "${fact[shadow_bytes]}" -gt 0 ] ||
                open_to_others "${fact[tar_mode]}" || open_to_others "${fact[backuplog_mode]}"
            ;;
        stale | acl) [ "${fact[$1_bytes]}" -gt 0 ] || open_to_others "${fact[$1_mode]}" ;;
    esac
}

# A mode that could not be read is no proof of anything: it counts as open.
open_to_others() {
    [[ $1 =~ ^0[0-7]*$ ]] || return 0
    [ $(($1 & 077)) -ne 0 ]
}

readonly SCENARIOS=(log backup stale acl)
# shellcheck disable=SC2016  # Markdown's backquotes
scenario_name() {
    case $1 in
        log) echo 'Log race: a descriptor opened before ReaR narrows its log' ;;
        backup) echo '`mkbackuponly`: `backup.tar.gz` and `backup.log`' ;;
        stale) echo 'ISO that was there already, as 0644' ;;
        acl) echo 'ISO below a default ACL' ;;
    esac
}

# row LABEL CELL...
row() {
    printf '|'
    printf ' %s |' "$@"
    printf '\n'
}

# rule COLUMNS
rule() {
    local i
    printf '|'
    for ((i = 0; i < $1; i++)); do printf -- '---|'; done
    printf '\n'
}

# table_rows WORK KIND VARIANT...: one row for each figure, a column a round.
leak_rows() {
    local work=$1 scenario round
    local -a cells
    shift
    for scenario in "${SCENARIOS[@]}"; do
        cells=()
        for round in plain "$@"; do
            local -A fact=()
            load_facts "$work/$round/facts"
            cells+=("$(cell "$scenario")")
        done
        row "$(scenario_name "$scenario")" "${cells[@]}"
    done
}

image_rows() {
    local work=$1 key label round
    local -a cells
    shift
    while IFS='|' read -r key label; do
        cells=()
        for round in plain "$@"; do
            local -A fact=()
            load_facts "$work/$round/facts"
            case $key in
                status) cells+=("${fact[mkrescue_status]}, ${fact[mkbackuponly_status]}") ;;
                entries)
                    if [ "$round" = plain ]; then
                        # Counted as the others are, without what comes and goes.
                        cells+=("$(thousands "$(stable "$work/plain/entries" | wc -l)")")
                    else
                        cells+=("$(thousands $((fact[entries] - fact[own_entries]))) + ${fact[own_entries]}")
                    fi
                    ;;
                iso_entries)
                    cells+=("$(wc -l <"$work/$round/iso.list")")
                    ;;
                *) cells+=("${fact[$key]-–}") ;;
            esac
        done
        row "$label" "${cells[@]}"
    done <<'ROWS'
entries|entries in its initrd (+ the shim itself, which `ldd` lists)
differ|entries whose mode, owner, type or device number differs
inherited|entries that got the narrowed mode of the file they were copied from
contents_differ|regular files whose content differs
iso_entries|files on the ISO
iso_differ|of these, listed differently
chroot_status|`/bin/true` in the image as uid 65534, exit status
backup_status|etc/shadow in the backup is the machine's, for root, `cmp` status
status|`rear mkrescue`, `rear mkbackuponly`, exit status
log_differ|lines of the logs that differ
left_open|files in ReaR's directories that others may read afterwards
ROWS
}

# rear_report WORK VARIANT...: prints the tables, then what is wrong, and sets
# `verdict`: 0, 1 (leaks or differs with the shim) or 3 (a leak did not show
# without it). Called as a statement of its own, so that an error in it counts.
# shellcheck disable=SC2034  # `verdict` is the caller's
rear_report() {
    local work=$1 round scenario weak=0
    shift
    local -a heads=()
    for round in plain "$@"; do heads+=("$(round_name "$round")"); done
    row 'What uid 65534 gets' "${heads[@]}"
    rule $((${#heads[@]} + 1))
    leak_rows "$work" "$@"
    printf '\n'
    row 'The rescue image' "${heads[@]}"
    rule $((${#heads[@]} + 1))
    image_rows "$work" "$@"
    printf '\n'

    local -A fact=()
    load_facts "$work/plain/facts"
    for scenario in "${SCENARIOS[@]}"; do
        if ! leaked "$scenario"; then
            printf 'NOT SHOWN without the shim: %s\n' "$(scenario_name "$scenario")"
            weak=$((weak + 1))
        fi
    done
    checks=0
    faults=0
    copies=0
    for round in "$@"; do
        round_faults "$work" "$round"
    done
    if [ "$faults" -gt 0 ]; then
        verdict=1
    elif [ "$weak" -gt 0 ]; then
        verdict=3
    else
        verdict=0
        printf '%d of %d leaks without the shim, 0 with it; the rescue image is the same%s.\n' \
            "${#SCENARIOS[@]}" "${#SCENARIOS[@]}" \
            "$([ "$copies" -eq 0 ] || echo ', but for the copies of protected files')"
    fi
}

# left_open WORK VARIANT: the directories of what others may read afterwards, with
# counts, in one line.
left_open() {
    awk -F '\t' '$2 ~ /^f 0[0-7]*([1-7][0-7]|[0-7][1-7]) / { sub(/\/[^\/]*$/, "", $1); n[$1]++ }
        END { for (dir in n) print n[dir] " in " dir }' "$1/$2/left" |
        LC_ALL=C sort -k 3 | paste -s -d ,
}

# round_faults WORK VARIANT: prints each fault of that round and adds them to the
# caller's `faults`, what was looked at to its `checks`, and entries
# of the image that are narrower because their source is to its `copies`.
round_faults() {
    local work=$1 round=$2 scenario key
    local -A fact=() plain=()
    load_facts "$work/plain/facts"
    for key in "${!fact[@]}"; do plain[$key]=${fact[$key]}; done
    load_facts "$work/$round/facts"
    for scenario in "${SCENARIOS[@]}"; do
        checks=$((checks + 1))
        if leaked "$scenario"; then
            printf 'LEAK %s: %s\n' "$(round_name "$round")" "$(scenario_name "$scenario")"
            faults=$((faults + 1))
        fi
    done
    for key in mkrescue_status mkbackuponly_status chroot_status backup_status; do
        checks=$((checks + 1))
        if [ "${fact[$key]}" != "${plain[$key]}" ]; then
            printf 'DIFFERS %s: %s is %s, was %s\n' "$(round_name "$round")" \
                "$key" "${fact[$key]}" "${plain[$key]}"
            faults=$((faults + 1))
        fi
    done
    for key in differ contents iso.diff mkrescue.diff mkbackuponly.diff; do
        checks=$((checks + 1))
        if [ -s "$work/$round/$key" ]; then
            printf 'DIFFERS %s (%s; plain, then with):\n' "$(round_name "$round")" "$key"
            head -n 40 "$work/$round/$key" | cut -c 1-300 | sed 's/^/    /'
            faults=$((faults + 1))
        fi
    done
    if [ "${fact[left_open]}" -gt 0 ]; then
        printf '%s: files that others may read afterwards, %s\n' \
            "$(round_name "$round")" "$(left_open "$work" "$round")"
    fi
    if [ -s "$work/$round/meanwhile" ]; then
        printf '%s: not counted, for these changed on this machine between the runs:\n' \
            "$(round_name "$round")"
        sed 's/^/    /' "$work/$round/meanwhile"
    fi
    if [ -s "$work/$round/inherited" ]; then
        printf '%s: these entries have the mode of the protected file that ReaR copied:\n' \
            "$(round_name "$round")"
        sed 's/^/    /' "$work/$round/inherited"
        copies=$((copies + fact[inherited]))
    fi
}

# rear_json WORK STATUS VARIANT...: every figure, and the lists behind them.
# shellcheck disable=SC2154  # `kernel_version` was set by rear_kernel
rear_json() {
    local work=$1 status=$2 round key separator
    shift 2
    printf '{"version":1,"status":%d,"checks":%d,"faults":%d,"rear":%s,"kernel":%s,"rounds":{' "$status" "$checks" "$faults" \
        "$(json_string "$(dpkg-query -W -f '${Version}' rear 2>/dev/null)")" \
        "$(json_string "$kernel_version")"
    separator=
    for round in plain "$@"; do
        local -A fact=()
        load_facts "$work/$round/facts"
        printf '%s%s:{' "$separator" "$(json_string "$round")"
        while read -r key; do
            if [[ ${fact[$key]} =~ ^(0|[1-9][0-9]*)$ ]]; then
                printf '%s:%s,' "$(json_string "$key")" "${fact[$key]}"
            else
                printf '%s:%s,' "$(json_string "$key")" "$(json_string "${fact[$key]}")"
            fi
        done < <(printf '%s\n' "${!fact[@]}" | LC_ALL=C sort)
        for key in differ inherited contents; do
            printf '%s:' "$(json_string "${key}_list")"
            json_lines "$work/$round/$key"
            [ "$key" = contents ] || printf ','
        done
        printf '}'
        separator=,
    done
    printf '}}\n'
}

# json_lines FILE: its lines as an array of strings; an absent file is empty.
json_lines() {
    local line separator=
    printf '['
    if [ -f "$1" ]; then
        while IFS= read -r line; do
            printf '%s%s' "$separator" "$(json_string "$line")"
            separator=,
        done <"$1"
    fi
    printf ']'
}
