# shellcheck shell=bash disable=SC2154  # work: scripts/test
# How scripts/test runs `cargo test`: compiled first, then with a word for each test
# program as it ends, and a limit for each that is said. Sourced by it.

# A program that hangs must end some time; the longest takes minutes, and more than
# ten times as long on a busy machine. What the tests start has a limit of its own
# (tests/kit/src/watch.rs). In minutes.
readonly PROGRAM_LIMIT=240

# In seconds: no silence is longer.
readonly HEARTBEAT=60

# compile_tests [ARGUMENT...]: so that no test's time is the compiler's.
compile_tests() {
    say "compiling the tests"
    watched "$work/compile.out" cargo test --no-run "$@"
    [ "$status" -eq 0 ] || {
        tail -n 60 "$work/compile.out" >&2
        fail "the tests do not compile"
        return 1
    }
}

# run_tests OUT VARIABLE... -- ARGUMENT...: `cargo test ARGUMENT...`, its output in OUT;
# sets `status`, the caller's. A program that was ended has a line there, see given_up.
run_tests() {
    local out=$1
    local -a variables=()
    shift
    while [ "$1" != -- ]; do
        variables+=("$1")
        shift
    done
    shift
    watched "$out" env "${variables[@]}" cargo test --no-fail-fast --config \
        "target.'cfg(all())'.runner=['bash', '$ROOT/scripts/lib/test-program.sh', '$PROGRAM_LIMIT']" "$@"
}

# given_up OUT: each program that died or was ended after its time, in the words of
# test-program.sh.
given_up() {
    sed -n 's/^ended: //p' "$1"
}

# watched OUT COMMAND...: runs it in the checkout, its output in OUT, and says what
# goes on there. In a process group of its own, so that cleanup ends the whole.
watched() {
    local out=$1 job
    shift
    : >"$out"
    doing='' results=1 tests=0 partial='' began=$SECONDS spoke=$SECONDS
    set -m
    (cd -- "$ROOT" && exec "$@") >"$out" 2>&1 </dev/null &
    set +m
    job=$!
    exec {output}<"$out"
    until ended "$job"; do
        sleep 1
        news
        if [ $((SECONDS - spoke)) -ge "$HEARTBEAT" ]; then
            spoke=$SECONDS
            say "    still at it: ${doing:-cargo}, $tests tests done, $((SECONDS - began)) s"
        fi
    done
    status=0
    wait "$job" || status=$?
    news
    exec {output}<&-
    finished_program
}

# news: reads on in the output. Its variables are those of `watched`.
news() {
    local line
    local running='^ +Running (unittests )?([^ ]+) \(.*/deps/(.*)-[0-9a-f]+\)$'
    local doctests='^ +Doc-tests ([^ ]+)$'
    local result='^test result: [A-Za-z]+\. ([0-9]+) passed; ([0-9]+) failed; ([0-9]+) ignored'
    # The last line may not be whole yet.
    while IFS= read -r line <&"$output" || {
        partial+=$line
        false
    }; do
        line=$partial$line
        partial=''
        if [[ $line =~ $running ]]; then
            finished_program
            doing=${BASH_REMATCH[2]} results=0 tests=0 began=$SECONDS
            [ -z "${BASH_REMATCH[1]}" ] || doing+=" of ${BASH_REMATCH[3]}"
        elif [[ $line =~ $doctests ]]; then
            finished_program
            doing="the examples of ${BASH_REMATCH[1]}" results=0 tests=0 began=$SECONDS
        elif [[ $line =~ $result ]]; then
            results=1 spoke=$SECONDS
            say "    $doing: ${BASH_REMATCH[1]} passed, ${BASH_REMATCH[2]} failed, $((SECONDS - began)) s"
        elif [[ $line == 'test '*' ... '* ]]; then
            tests=$((tests + 1))
        elif [[ $line =~ ^\ +Compiling\ ([^ ]+) ]]; then
            doing="compiling ${BASH_REMATCH[1]}"
        fi
    done
}

# finished_program: says so of one that ended without a result.
finished_program() {
    [ "$results" -eq 1 ] || say "    $doing: ended without a result after $((SECONDS - began)) s"
    results=1
}
