# shellcheck shell=bash disable=SC2154  # work, target, runner, compiler, lib: scripts/portable
# The whole table of calls (tests/kit) on another machine or another libc. Sourced
# by scripts/portable.

# lay_out MACHINE LIBRARY: puts it where `$LIB` in LD_PRELOAD leads for programs of
# that machine: what a program of one machine starts may be of another.
lay_out() {
    local place
    local -a places
    case $1 in
        x86_64) places=(lib/x86_64-linux-gnu lib64) ;;
        i686) places=(lib/i386-linux-gnu lib32) ;;
        aarch64) places=(lib/aarch64-linux-gnu) ;;
    esac
    for place in "${places[@]}"; do
        mkdir -p -- "$work/layout/$place"
        cp -- "$2" "$work/layout/$place/"
    done
}

# test_program DIRECTORY: the program that carries the rows out, for target.
test_program() {
    build "$1" -p umaskclamp-testkit --bin doors
}

# run_table TESTS PROGRAMS [VARIABLE=VALUE...]: those tests, by this machine's tracer,
# with that directory's programs. Under qemu-user it is the emulator that is
# traced: it makes its program's system calls one for one.
run_table() {
    local programs=$2
    local -a tests
    read -r -a tests <<<"$1"
    shift 2
    (
        cd -- "$ROOT" || exit
        # shellcheck disable=SC2016  # $LIB is the dynamic loader's to expand
        exec env "UMASKCLAMP_SHIM=$work/layout/"'$LIB/libumaskclamp.so' RUST_BACKTRACE=0 \
            "UMASKCLAMP_TEST_PROGRAMS=$programs" ${runner:+"UMASKCLAMP_TEST_EMULATOR=${runner[*]}"} \
            "$@" cargo test --no-fail-fast "${tests[@]/#/--test=}" -- --nocapture
    )
}

# table NAME PROGRAMS [VARIABLE=VALUE...]: runs it with the preload and, of the
# enforcement rows every twentieth, without; prints what came of it, and by name and
# reason what was left out.
table() {
    local name=$1 programs=$2 log=$work/$1.log status=0 count
    shift 2
    say "$name: the table of calls"
    run_table 'enforce transparent' "$programs" "$@" >"$log" 2>&1 || status=$?
    if ! awk -v name="$name" '
        / rows, [0-9]+ failed, [0-9]+ left out$/ && !/^self-check/ {
            rows += $(NF - 6); failed += $(NF - 4); left += $(NF - 2)
        }
        /^test .* \.\.\. ok$|^test result: ok/ { seen++ }
        END {
            printf "%s, the table: %d passed, %d failed, %d left out\n", name, rows - failed, failed, left
            exit rows == 0
        }' "$log"; then
        status=1
    fi
    grep '^left out: ' "$log" | sed 's/ as [a-z]*: /: /' | LC_ALL=C sort -u >"$output/$name.left-out" || :
    sed 's/.*: //' "$output/$name.left-out" | sort | uniq -c | sort -rn |
        sed "s|^ *\([0-9]*\) \(.*\)|    left out: \1 rows: \2 ($output/$name.left-out)|"
    if [ "$status" -ne 0 ]; then
        grep -A 40 -E ' faults in [0-9]+ rows:|^error' "$log" >&2 || tail -n 40 "$log" >&2
        fault "$name: the table"
        return
    fi
    run_table enforce "$programs" UMASKCLAMP_TEST_WITHOUT=1 "$@" >"$log" 2>&1 || :
    count=$(grep -c '^test enforce_.* \.\.\. FAILED$' "$log" || :)
    if [ "$count" -eq 0 ] || grep '^test enforce_.* \.\.\. ok$' "$log" >&2; then
        fault "$name: an enforcement test passes without the preload"
    fi
    printf '%s, without the preload: %d enforcement tests fail, as they must\n' "$name" "$count"
}
