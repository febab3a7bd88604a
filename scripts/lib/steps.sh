# shellcheck shell=bash
# The steps of scripts/test. Each calls pass, fail and skip for what it found and
# goes on after a failure; an error in a step itself ends the script (set -e), so
# no step may be called under `||` or `if`. Sourced by scripts/test: work, lib.
# shellcheck disable=SC2154

passed=0
failed=0
skipped=0
failures=()
reasons=()

# pass [COUNT]
pass() {
    passed=$((passed + ${1-1}))
}

# fail WHAT
fail() {
    failed=$((failed + 1))
    failures+=("$*")
    printf 'FAILED: %s\n' "$*" >&2
}

# skip WHAT-AND-WHY
skip() {
    skipped=$((skipped + 1))
    reasons+=("$*")
    printf 'skipped: %s\n' "$*" >&2
}

# await COMMAND...: runs it in the checkout, so that a signal to the script is
# acted upon at once and not when the command is through. Sets `status`, the
# caller's.
# shellcheck disable=SC2034
await() {
    status=0
    (cd "$ROOT" && exec "$@") &
    wait "$!" || status=$?
}

# All scripts of the checkout: what has a shell's first line, or ends in .sh.
shell_files() {
    local file
    for file in "$ROOT"/scripts/* "$ROOT"/scripts/lib/* "$ROOT"/.ci/*; do
        [ -f "$file" ] || continue
        case $file in
            *.sh) printf '%s\n' "$file" ;;
            *) head -n 1 "$file" | grep -Eq '^#!.*\b(ba|da)?sh\b' && printf '%s\n' "$file" ;;
        esac
    done
    return 0
}

step_shell() {
    local file name option
    if need_commands "the check of the scripts" shellcheck=shellcheck; then
        while read -r file; do
            if (cd "$ROOT" && shellcheck -x "${file#"$ROOT"/}"); then
                pass
            else
                fail "shellcheck ${file#"$ROOT"/}"
            fi
        done < <(shell_files)
    else
        skip "shellcheck: not installed"
    fi
    for file in "$ROOT"/scripts/* "$ROOT"/.ci/run; do
        [[ -f $file && $file != *.md ]] || continue
        name=${file#"$ROOT"/}
        # No pipe: grep that has seen enough would end the script by SIGPIPE.
        if grep -q "^Usage: $name" <<<"$("$file" --help 2>/dev/null)"; then
            pass
        else
            fail "$name --help prints no usage"
        fi
        refused "$file" --no-such-option
        while read -r option; do
            refused "$file" "$option"
        done < <("$file" --help | sed -nE 's/^ +(--[a-z-]+) [A-Z]+ .*/\1/p')
    done
}

# refused SCRIPT OPTION: a mistake in the arguments ends every script alike: status 2
# and one line that names the option, not the whole usage below which it is not seen.
refused() {
    local status=0
    "$1" "$2" >"$work/out" 2>"$work/err" || status=$?
    if [ "$status" -eq 2 ] && [ ! -s "$work/out" ] && [ "$(wc -l <"$work/err")" -eq 1 ] &&
        grep -q -- "$2" "$work/err"; then
        pass
    else
        fail "${1#"$ROOT"/} $2: status $status instead of 2, or not one line that names it"
    fi
}

# test_lines FILE STATE...: the names of libtest's tests that ended so.
test_lines() {
    local file=$1
    shift
    local IFS='|'
    sed -nE "s/^test (.*) \.\.\. ($*)(, .*)?\$/\1/p" "$file"
}

# The library for 32-bit programs joins `shims`, the caller's.
prepare_i386() {
    local why="tests of 32-bit programs"
    [ "$(uname -m)" = x86_64 ] && [ -w "$ROOT" ] || return 0
    if i386_compiler "$why" && i386_rust "$why"; then
        if i386_build; then
            shims+=("UMASKCLAMP_SHIM_I386=$i386_library")
        else
            fail "the library for 32-bit programs cannot be built"
        fi
    else
        say "going on without a library for 32-bit programs"
    fi
}

step_cargo() {
    local status name count seen=$failed
    need_rust "the tests" || {
        fail "cargo: no Rust"
        return
    }
    if is_root; then
        need_packages "tests of programs that cannot be entered" "${TEST_PACKAGES[@]}" ||
            say "going on without them"
        need_packages "tests of Go programs" "${GO_PACKAGES[@]}" ||
            say "going on without them"
    fi
    local -a shims=("UMASKCLAMP_SHIM=$SHIM")
    prepare_i386
    compile_tests --workspace || return 0
    run_tests "$work/cargo.out" "${shims[@]}" -- --workspace -- --show-output
    while read -r name; do fail "cargo test: $name"; done < <(given_up "$work/cargo.out")
    count=$(test_lines "$work/cargo.out" ok | wc -l)
    pass "$count"
    while read -r name; do fail "cargo test: $name"; done < <(test_lines "$work/cargo.out" FAILED)
    while read -r name; do skip "cargo test: $name is ignored"; done < <(test_lines "$work/cargo.out" ignored)
    if [ "$status" -ne 0 ]; then
        grep -vE '^test .* \.\.\. ok$|^running |^$' "$work/cargo.out" | tail -n 200 >&2
        if [ "$failed" -eq "$seen" ] || [ "$status" -ne 101 ]; then
            fail "cargo test ended with status $status"
        fi
    fi
    [ "$count" -gt 0 ] || fail "cargo test ran no test"
    # Tests say what they leave out for want of root.
    grep -aE '^(left out|skipped): ' "$work/cargo.out" | LC_ALL=C sort -u >"$work/skips" || [ $? -eq 1 ]
    while read -r name; do skip "cargo test: ${name#*: }"; done <"$work/skips"
}

step_without() {
    local status name count=0
    need_rust "the tests" || {
        fail "without: no Rust"
        return
    }
    compile_tests -p umaskclamp || return 0
    # cargo's status is of no use here: every test is meant to fail.
    run_tests "$work/without.out" UMASKCLAMP_TEST_WITHOUT=1 "UMASKCLAMP_SHIM=$SHIM" -- \
        -p umaskclamp -- enforce
    while read -r name; do fail "without: $name"; done < <(given_up "$work/without.out")
    while read -r name; do
        case ${name##*::} in
            enforce*)
                count=$((count + 1))
                pass
                ;;
        esac
    done < <(test_lines "$work/without.out" FAILED)
    while read -r name; do
        case ${name##*::} in
            enforce*) fail "$name passes without the preload: it proves nothing" ;;
        esac
    done < <(test_lines "$work/without.out" ok)
    if [ "$count" -eq 0 ]; then
        tail -n 40 "$work/without.out" >&2
        fail "no enforcement test was seen to fail without the preload"
    fi
}

# demo_command EXPECTED PATTERN COMMAND...: `scripts/demo -- COMMAND` ends with
# that status, and prints a line that matches.
demo_command() {
    local expected=$1 pattern=$2 status=0
    shift 2
    "$ROOT/scripts/demo" -- "$@" >"$work/out" 2>"$work/err" || status=$?
    if [ "$status" -eq "$EXIT_SKIPPED" ]; then
        skip "scripts/demo -- $*: $(tail -n 1 "$work/err")"
    elif [ "$status" -eq "$expected" ] && grep -Eqh -- "$pattern" "$work/out" "$work/err"; then
        pass
    else
        cat "$work/out" "$work/err" >&2
        fail "scripts/demo -- $*: status $status (expected $expected), or no line like $pattern"
    fi
}

# shellcheck disable=SC2016  # Markdown's backquotes, and patterns
step_command() {
    # In the throwaway overlay an ordinary user may write to its own directory.
    local place=$work/place
    mkdir -m 0777 "$place"
    demo_command 0 '`[^`]*/a\.iso` \| new \| 0644 \| 0600 \| `[*]\.iso`' \
        bash -c "umask 022; echo x > '$place/a.iso'"
    demo_command 0 '`[^`]*/a\.txt` \| new \| 0644 \| 0644 \| –' \
        bash -c "umask 022; echo x > '$place/a.txt'"
    demo_command 0 'exit status 3 without, 3 with' bash -c 'exit 3'
    demo_command 1 'no-such-command: not found' no-such-command
    # A mode that the shim cannot keep has to be reported, not only a good one:
    # a program that switches the preload off is such a case.
    UMASKCLAMP_MODE=off demo_command 1 'STILL OPEN' \
        bash -c "umask 022; echo x > '$place/b.iso'"
    if [ -z "$(ls -A "$place")" ]; then
        pass
    else
        fail "scripts/demo -- COMMAND left something behind: $(ls -A "$place")"
    fi
}

step_cves() {
    local status count line seen=$failed
    await env UMASKCLAMP_SHIM="$SHIM" scripts/cves --quick >"$work/cves.out"
    cat "$work/cves.out"
    count=$(sed -nE 's/^([0-9]+) passed, .*/\1/p' "$work/cves.out")
    pass "${count:-0}"
    while read -r line; do
        case $line in
            *'| FAILED: '*) fail "cves: $line" ;;
            *'skipped: '*) skip "cves: $line" ;;
        esac
    done <"$work/cves.out"
    if [ "$status" -ne 0 ] && [ "$failed" -eq "$seen" ]; then
        fail "cves: scripts/cves ended with status $status"
    fi
}

# json_number NAME: a number at the top of the demo's figures.
json_number() {
    sed -n "s/^{[^{]*\"$1\":\([0-9]*\).*/\1/p" "$work/rear.json"
}

step_rear() {
    local status line seen=$failed
    await scripts/demo --list all --json "$work/rear.json" >"$work/rear.out"
    if [ "$status" -eq "$EXIT_SKIPPED" ]; then
        skip "rear: not root, no private namespaces, or ReaR's packages cannot be had (see above)"
        return
    fi
    cat "$work/rear.out"
    if [ ! -s "$work/rear.json" ]; then
        fail "rear: scripts/demo ended with status $status"
        return
    fi
    pass $(($(json_number checks) - $(json_number faults)))
    while read -r line; do
        fail "rear: $line"
    done < <(grep -E '^(LEAK|DIFFERS|NOT SHOWN)' "$work/rear.out")
    if [ "$status" -ne 0 ] && [ "$failed" -eq "$seen" ]; then
        fail "rear: scripts/demo ended with status $status"
    fi
}
