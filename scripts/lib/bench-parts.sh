# shellcheck shell=bash
# The parts of scripts/bench. Each adds lines to SAMPLES: group, configuration,
# figure, tab-separated; a round is one line of every configuration.

# shellcheck disable=SC2034  # read by scripts/bench
COUNTS=$ROOT/bench/instructions.tsv

# prepare_bench QUICK OUT MODE: builds, makes a work directory, finds the peers.
prepare_bench() {
    local quick=$1
    OUT=$2
    mkdir -p -- "$OUT"
    OUT=$(cd -- "$OUT" && pwd -P)
    SAMPLES=$OUT/samples.tsv
    : >"$SAMPLES"
    WORK=$(mktemp -d "${TMPDIR:-/tmp}/umaskclamp-bench.XXXXXX")
    RAM=''
    [ ! -w /dev/shm ] || RAM=$(mktemp -d /dev/shm/umaskclamp-bench.XXXXXX)
    trap 'rm -rf -- "$WORK" ${RAM:+"$RAM"}' EXIT
    ROUNDS=2000 TURNS=15 CALLS=4000 JOBS=5
    [ "$quick" = no ] || ROUNDS=200 TURNS=3 CALLS=500 JOBS=1
    if [ "$3" = measure ]; then
        need_packages "scripts/bench" gcc valgrind git make libeatmydata1 libfakeroot \
            libfakechroot libfaketime torsocks || say "measuring what is there"
    else
        need_packages "counting instructions" gcc libc6-dev valgrind ||
            die "counting instructions needs valgrind"
    fi
    if [ -z "${UMASKCLAMP_SHIM-}" ]; then
        (cd -- "$ROOT" && cargo build --release --quiet)
    else
        SHIM=$UMASKCLAMP_SHIM
    fi
    # Below a short path without anything of the user's in it, and of the test's own.
    cp -- "$SHIM" "$WORK/libumaskclamp.so"
    SHIM=$WORK/libumaskclamp.so
    unset "${!UMASKCLAMP_@}"
    METER=$WORK/meter
    gcc -O2 -o "$METER" "$ROOT/bench/meter.c"
    : >"$WORK/empty.c"
    gcc -shared -fPIC -o "$WORK/empty.so" "$WORK/empty.c"
}

# peers: NAME=FILE of each other preload that is installed.
peers() {
    local name file
    while read -r name file; do
        for file in /usr/lib/*/"$file" /usr/lib/"$file"; do
            if [ -e "$file" ]; then
                printf '%s=%s\n' "$name" "$file"
                break
            fi
        done
    done <<'PEERS'
eatmydata libeatmydata.so
fakeroot libfakeroot/libfakeroot-sysv.so
fakechroot fakechroot/libfakechroot.so
faketime faketime/libfaketime.so.1
torsocks torsocks/libtorsocks.so
PEERS
}

# add GROUP: prefixes the meter's lines with the group.
add() {
    awk -v group="$1" -v OFS='\t' '{ print group, $1, $2 }' >>"$SAMPLES"
}

part_start() {
    local -a peers
    mapfile -t peers < <(peers)
    local -a basic=(plain= empty="$WORK/empty.so" umaskclamp="$SHIM")
    "$METER" start "$ROUNDS" "${basic[@]}" "${peers[@]}" | add start
    UMASKCLAMP_PATTERNS='*.iso:/var/backups:!*.public' \
        "$METER" start "$((ROUNDS / 4))" "${basic[@]}" | add 'start, 3 patterns'
    patterns name 100 >"$WORK/list"
    UMASKCLAMP_PATTERNS=$(paste -sd: "$WORK/list") \
        "$METER" start "$((ROUNDS / 4))" "${basic[@]}" | add 'start, 100 patterns'
}

# once GROUP CONFIGURATION KIND NAME DIRECTORY [VARIABLE=VALUE...]: one figure.
once() {
    local group=$1 configuration=$2 kind=$3 name=$4 directory=$5 count=$CALLS figure
    shift 5
    # On a disk a call takes many times as long, and so does what surrounds it.
    [ "$directory" != "$WORK/disk" ] || count=$((CALLS / 20))
    figure=$(env "$@" "$METER" loop "$kind" "$count" "$directory" "$name")
    printf '%s\t%s\t%s\n' "$group" "$configuration" "$figure" >>"$SAMPLES"
}

# directories: LABEL DIRECTORY of each file system to measure on.
directories() {
    mkdir -p -- "$WORK/disk"
    say "the disk is $(df --output=fstype "$WORK/disk" | tail -n 1)" >&2
    printf 'disk %s\n' "$WORK/disk"
    [ -z "$RAM" ] || printf 'tmpfs %s\n' "$RAM"
}

part_calls() {
    local system directory turn kind
    while read -r system directory; do
        for ((turn = 0; turn < TURNS; turn++)); do
            for kind in open-read fopen-read look create create-absolute fopen-write mkdir chmod; do
                once "$kind ($system)" plain "$kind" public "$directory"
                case $kind in
                    open-read | fopen-read | look) ;;
                    *)
                        once "$kind, sensitive ($system)" plain "$kind" secret "$directory"
                        once "$kind, sensitive ($system)" 'name rule' "$kind" secret "$directory" \
                            LD_PRELOAD="$SHIM" UMASKCLAMP_PATTERNS=secret
                        once "$kind, sensitive ($system)" 'path rule' "$kind" secret "$directory" \
                            LD_PRELOAD="$SHIM" UMASKCLAMP_PATTERNS="$directory/secret"
                        ;;
                esac
                once "$kind ($system)" 'built-in list' "$kind" public "$directory" LD_PRELOAD="$SHIM"
                once "$kind ($system)" 'name rule' "$kind" public "$directory" \
                    LD_PRELOAD="$SHIM" UMASKCLAMP_PATTERNS=secret
            done
            # What the kernel takes for the calls that find out a place, as parts
            # of a plain creation: no library could be faster.
            once "parts of a creation ($system)" plain create public "$directory"
            once "parts of a creation ($system)" 'getcwd and openat2 alone' find-and-create \
                public "$directory"
            once "parts of a creation ($system)" 'getcwd alone' getcwd public "$directory"
            once "parts of a creation ($system)" 'lstat of an absent name alone' \
                lstat-absent public "$directory"
            once "parts of a creation ($system)" 'readlink of a descriptor alone' \
                find-descriptor public "$directory"
        done
    done < <(directories)
}

# patterns SHAPE COUNT: as many patterns, one a line, none of which matches.
patterns() {
    local format
    case $1 in
        name) format='file%05d' ;;
        suffix) format='*.k%05d' ;;
        path) format='/v/p%05d' ;;
    esac
    if [ "$2" -eq 0 ]; then
        echo '!*'
    else
        # shellcheck disable=SC2059  # the format is one of those above
        for ((i = 0; i < $2; i++)); do printf "$format\n" "$i"; done
    fi
}

part_patterns() {
    local system directory turn shape count
    while read -r system directory; do
        for shape in name suffix path; do
            for count in 0 10 100 1000 10000; do
                patterns "$shape" "$count" >"$WORK/$shape.$count"
            done
            for ((turn = 0; turn < TURNS; turn++)); do
                once "create, $shape patterns ($system)" plain create public "$directory"
                for count in 0 10 100 1000 10000; do
                    once "create, $shape patterns ($system)" "$count" create public "$directory" \
                        LD_PRELOAD="$SHIM" UMASKCLAMP_PATTERNS_FILE="$WORK/$shape.$count"
                done
            done
        done
    done < <(directories)
}

# job GROUP DIRECTORY COMMAND...: by processor time, with and without, in turn, below
# the directory; `umask 077` stands for what is done today.
job() {
    local group=$1 place=$2/job configuration turn figure
    shift 2
    for ((turn = 0; turn < JOBS; turn++)); do
        for configuration in plain 'umask 077' umaskclamp; do
            rm -rf -- "$place"
            mkdir -- "$place"
            figure=$(
                cd -- "$place"
                case $configuration in
                    'umask 077') umask 077 ;;
                    umaskclamp) export LD_PRELOAD=$SHIM ;;
                esac
                "$METER" cpu "$@" 2>>"$WORK/job.log"
            ) || {
                tail -n 5 -- "$WORK/job.log" >&2
                die "$group failed"
            }
            printf '%s\t%s\t%s\n' "$group" "$configuration" "$figure" >>"$SAMPLES"
        done
    done
}

part_jobs() {
    local i files=50000
    [ "$JOBS" -gt 1 ] || files=5000
    mkdir -- "$WORK/tree" "$WORK/project"
    for ((i = 0; i < files; i++)); do
        ((i % 500)) || mkdir -- "$WORK/tree/$((i / 500))"
        echo "$i" >"$WORK/tree/$((i / 500))/$i"
    done
    tar -cf "$WORK/tree.tar" -C "$WORK" tree
    job "tar x, $files files" "$WORK" tar -xf "$WORK/tree.tar"
    rm -rf -- "$WORK/tree" "$WORK/job"
    # Where a file costs next to nothing, and no other run's remains are cleared up.
    if [ -n "$RAM" ]; then
        job "tar x, $files files (tmpfs)" "$RAM" tar -xf "$WORK/tree.tar"
        rm -rf -- "$RAM/job"
    fi
    if [ -d "$ROOT/.git" ] && command -v git >/dev/null; then
        job 'git clone' "$WORK" git clone --quiet --no-hardlinks "$ROOT" clone
    fi
    for ((i = 0; i < 60; i++)); do
        printf '#include <stdio.h>\nint f%d(void) { return printf("%d"); }\n' "$i" "$i" \
            >"$WORK/project/f$i.c"
    done
    # shellcheck disable=SC2016  # variables of make
    printf 'all: $(patsubst %%.c,%%.o,$(notdir $(wildcard %s/*.c)))\nVPATH=%s\n' \
        "$WORK/project" "$WORK/project" >"$WORK/project/Makefile"
    job 'make -j2, 60 C files' "$WORK" make -s -j2 -f "$WORK/project/Makefile"
}

# rear mkrescue, by processor time, with and without, in turn.
part_rear() {
    local turn configuration figure work=$WORK/rear preload
    if ! { is_root && can_unshare && rear_packages; }; then
        say "rear mkrescue is left out: it needs root, private namespaces and ReaR's packages"
        return 0
    fi
    mkdir -m 0755 -- "$work"
    for ((turn = 0; turn < (JOBS + 1) / 2; turn++)); do
        for configuration in plain umaskclamp; do
            preload=''
            [ "$configuration" = plain ] || preload=$SHIM
            rear_configure "$work"
            figure=$(in_namespaces bash "$ROOT/scripts/lib/bench-rear.sh" "$work" "$METER" "$preload") || {
                tail -n 5 -- "$work/rear.log" >&2
                die "rear mkrescue failed"
            }
            printf 'rear mkrescue\t%s\t%s\n' "$configuration" "$figure" >>"$SAMPLES"
        done
    done
}

# instructions PRELOAD COMMAND...: how many, counted by callgrind.
instructions() {
    local preload=$1
    shift
    LC_ALL=C env -i PATH=/usr/bin:/bin ${preload:+LD_PRELOAD="$preload"} "${SETTING[@]}" \
        valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" 2>&1 >/dev/null |
        awk '/Collected/ { print $NF }'
}

# per_call PRELOAD KIND NAME: instructions of one call, from two counts, so that
# what comes before and after drops out.
per_call() {
    local few many
    few=$(instructions "$1" "$METER" repeat "$2" 100 "$WORK/disk" "$3")
    many=$(instructions "$1" "$METER" repeat "$2" 300 "$WORK/disk" "$3")
    awk -v few="$few" -v many="$many" 'BEGIN { printf "%.0f", (many - few) / 200 }'
}

# libc_here: the libc that is counted with.
libc_here() {
    printf '%s-%s\n' "$(getconf GNU_LIBC_VERSION | tr ' ' '-')" "$(uname -m)"
}

# comparable: were the counts of the file taken with this libc? Says so if not.
comparable() {
    local there
    there=$(sed -n 's/^libc\t//p' "$COUNTS")
    [ "$there" != "$(libc_here)" ] || return 0
    echo "counted with $there, this is $(libc_here): not compared"
    return 1
}

# count_instructions: libc's version; then what the library adds to a start and to
# a call, a line each.
count_instructions() {
    local kind plain ours
    command -v valgrind >/dev/null || die "counting instructions needs valgrind"
    mkdir -p -- "$WORK/disk"
    SETTING=()
    printf 'libc\t%s\n' "$(libc_here)"
    plain=$(instructions "" /bin/true)
    ours=$(instructions "$SHIM" /bin/true)
    printf 'start\t%d\n' "$((ours - plain))"
    SETTING=(UMASKCLAMP_PATTERNS='secret:*.iso')
    for kind in open-read fopen-read create fopen-write mkdir chmod; do
        plain=$(per_call "" "$kind" public)
        ours=$(per_call "$SHIM" "$kind" public)
        printf '%s\t%d\n' "$kind" "$((ours - plain))"
        case $kind in open-read | fopen-read) continue ;; esac
        ours=$(per_call "$SHIM" "$kind" secret)
        printf '%s, sensitive\t%d\n' "$kind" "$((ours - plain))"
    done
}

# by_object FILE: the instructions of a callgrind file, of the loader and of what is
# preloaded, a word and a number a line.
by_object() {
    awk '
        match($0, /^c?ob=\([0-9]+\)/) {
            id = substr($0, RSTART, RLENGTH); sub(/^c?ob=/, "", id)
            name = substr($0, RLENGTH + 2)
            if (name != "") names[id] = name
            if ($0 ~ /^ob=/) object = id
            next
        }
        /^calls=/ { callee = 1; next }
        /^[0-9+*-]/ { if (callee) callee = 0; else sum[object] += $NF }
        END {
            for (id in sum)
                if (names[id] ~ /\/ld-linux/) loader += sum[id]
                else if (names[id] !~ /\/(libc\.so|true)/ ) itself += sum[id]
            printf "loader %d\nitself %d\n", loader, itself
        }' "$1"
}

# What a start is made of: page faults, and instructions of the loader and of the
# library.
part_profile() {
    local -a list=(plain= empty="$WORK/empty.so" umaskclamp="$SHIM") peers
    local one name file word number
    mapfile -t peers < <(peers)
    list+=("${peers[@]}")
    "$METER" faults 51 "${list[@]}" | add 'page faults of a start'
    for one in "${list[@]}"; do
        name=${one%%=*} file=${one#*=}
        env -i ${file:+LD_PRELOAD="$file"} valgrind --tool=callgrind \
            --callgrind-out-file="$WORK/callgrind" /bin/true 2>/dev/null
        while read -r word number; do
            printf 'instructions of a start, %s\t%s\t%s\n' "$word" "$name" "$number" >>"$SAMPLES"
        done < <(by_object "$WORK/callgrind")
    done
}

part_counts() {
    count_instructions | tail -n +2 | awk -F '\t' -v OFS='\t' '{ print "instructions added", $1, $2 }' >>"$SAMPLES"
}

# part_scale: everything at once for a minute; fails if a record is lost, a file is
# wide, memory grows or a descriptor stays.
part_scale() {
    local seconds=60 created rate grew descriptors records place=$WORK/scale
    [ "$JOBS" -gt 1 ] || seconds=5
    gcc -O2 -pthread -o "$WORK/scale-program" "$ROOT/bench/scale.c"
    mkdir -- "$place"
    patterns path 100 >"$WORK/list"
    echo 'secret.*' >>"$WORK/list"
    IFS=$'\t' read -r created rate grew descriptors < <(
        LD_PRELOAD=$SHIM UMASKCLAMP_PATTERNS_FILE=$WORK/list UMASKCLAMP_LOG=info \
            UMASKCLAMP_LOG_FILE=$WORK/scale.log "$WORK/scale-program" "$seconds" "$place"
    ) || die "the scale test failed"
    records=$(grep -c '"action":"clamped"' "$WORK/scale.log")
    say "scale: $created files in $seconds s ($rate a second), $records records," \
        "memory +$grew KiB, descriptors +$descriptors"
    [ "$records" -eq "$created" ] || die "scale: $((created - records)) records lost"
    [ "$grew" -le 256 ] || die "scale: memory grew by $grew KiB"
    [ "$descriptors" -le 0 ] || die "scale: $descriptors descriptors stayed"
    rm -f -- "$WORK/scale.log"
}
