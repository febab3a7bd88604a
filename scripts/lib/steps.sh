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
    local file name status
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
    for file in "$ROOT"/scripts/*; do
        [[ -f $file && $file != *.md ]] || continue
        name=scripts/${file##*/}
        if "$file" --help 2>/dev/null | grep -q "^Usage: $name"; then
            pass
        else
            fail "$name --help prints no usage"
        fi
        status=0
        "$file" --no-such-option >"$work/out" 2>"$work/err" || status=$?
        if [ "$status" -eq 2 ] && grep -q -- --no-such-option "$work/err"; then
            pass
        else
            fail "$name --no-such-option: status $status instead of 2, or not named"
        fi
    done
}

# test_lines FILE STATE...: the names of libtest's tests that ended so.
test_lines() {
    local file=$1
    shift
    local IFS='|'
    sed -nE "s/^test (.*) \.\.\. ($*)(, .*)?\$/\1/p" "$file"
}

# A test that hangs must end some time. In seconds.
readonly CARGO_LIMIT=1200

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
    # Without these a few tests say that they are skipped, and are counted so.
    if is_root; then
        need_packages "tests of programs that cannot be entered" \
            musl-tools libcap2-bin age acl bash-static || say "going on without them"
        need_packages "tests of Go programs" golang-go rclone restic ||
            say "going on without them"
    fi
    local -a shims=("UMASKCLAMP_SHIM=$SHIM")
    prepare_i386
    await env "${shims[@]}" timeout "$CARGO_LIMIT" \
        cargo test --workspace --no-fail-fast -- --show-output >"$work/cargo.out" 2>&1
    count=$(test_lines "$work/cargo.out" ok | wc -l)
    pass "$count"
    while read -r name; do fail "cargo test: $name"; done < <(test_lines "$work/cargo.out" FAILED)
    while read -r name; do skip "cargo test: $name is ignored"; done < <(test_lines "$work/cargo.out" ignored)
    if [ "$status" -ne 0 ]; then
        grep -vE '^test .* \.\.\. ok$|^running |^$' "$work/cargo.out" | tail -n 200 >&2
        # A test program that crashes, hangs or does not compile has no line of
        # its own.
        if [ "$failed" -eq "$seen" ] || [ "$status" -ne 101 ] ||
            grep -Eq '\(signal: |could not compile' "$work/cargo.out"; then
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
    # cargo's status is of no use here: every test is meant to fail.
    await env UMASKCLAMP_TEST_WITHOUT=1 "UMASKCLAMP_SHIM=$SHIM" timeout "$CARGO_LIMIT" \
        cargo test -p umaskclamp --no-fail-fast -- enforce >"$work/without.out" 2>&1
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
    elif [ "$status" -eq "$expected" ] && grep -Eq -- "$pattern" "$work/out"; then
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
