# shellcheck shell=bash
# The ReaR part of scripts/demo: what it needs, the configuration, a round in
# its own namespaces, and the comparison of two rounds. Sourced.

# rear_kernel: sets kernel_version and kernel_file to a kernel that has both its
# modules and its image here. The running one may have neither (a container, a
# micro VM), so any pair will do; the small cloud kernels are tried first.
rear_kernel() {
    local modules
    for modules in /lib/modules/*-cloud-* "/lib/modules/$(uname -r)" /lib/modules/*; do
        kernel_version=${modules##*/}
        kernel_file=/boot/vmlinuz-$kernel_version
        [ -f "$kernel_file" ] && [ -f "$modules/modules.dep" ] && return 0
    done
    return 1
}

# rear_packages: ReaR, what its Debian package forgets to ask for, and what the
# measurement uses.
readonly REAR_PACKAGES=(rear cpio file procps less psmisc kmod gzip xorriso acl util-linux)

kernel_package() {
    printf 'linux-image-cloud-%s\n' "$(dpkg --print-architecture)"
}

rear_packages() {
    need_packages "the ReaR scenarios" "${REAR_PACKAGES[@]}" || return 1
    rear_kernel && return 0
    need_packages "the ReaR scenarios" "$(kernel_package)" || return 1
    rear_kernel || {
        echo "no kernel with an image in /boot and modules in /lib/modules" >&2
        return 1
    }
}

# rear_configure WORK: ReaR's configuration directory, used by `rear -c`, so that
# nothing in /etc/rear counts. Made anew for each round, for ReaR's first run adds
# a file to it, and a second would say so in its log. The destination is on another file system than /,
# as ReaR demands.
rear_configure() {
    local work=$1
    rm -rf "$work/conf"
    mkdir -m 0755 "$work/conf"
    cat >"$work/conf/local.conf" <<CONF
OUTPUT=ISO
OUTPUT_PREFIX=demo
ISO_PREFIX=rear-demo
BACKUP=NETFS
NETFS_PREFIX=demo
OUTPUT_URL=file://$work/out
BACKUP_URL=file://$work/out
BACKUP_ONLY_INCLUDE=yes
BACKUP_PROG_INCLUDE=( /etc )
BOOTLOADER=GRUB
KERNEL_VERSION=$kernel_version
KERNEL_FILE=$kernel_file
CONF
}

# rear_environment WORK VARIANT: what the job gets, one NAME=value a line.
rear_environment() {
    local work=$1 variant=$2 preload=LD_PRELOAD=$1/lib/libumaskclamp.so
    mkdir -m 0755 "$work/$variant"
    case $variant in
        plain) : ;;
        builtin) printf '%s\n' "$preload" ;;
        own)
            printf '%s\n' "$preload" \
                "UMASKCLAMP_PATTERNS=/var/log/rear:/var/lib/rear/layout:/var/lib/rear/recovery:*.iso:$work/out:!rear.*/rootfs/"
            ;;
        file)
            (
                umask 077
                printf '%s\n' '# What ReaR leaves on this machine.' \
                    /var/log/rear/ /var/lib/rear/output/ '*.iso' 'backup.{tar,log}*' \
                    >"$work/patterns"
            )
            printf '%s\n' "$preload" "UMASKCLAMP_PATTERNS_FILE=$work/patterns"
            ;;
    esac >"$work/$variant/environment"
}

# load_facts FILE: sets fact[NAME], declared by the caller.
load_facts() {
    local name value
    while IFS='=' read -r name value; do
        # shellcheck disable=SC2004,SC2034  # the caller's associative array
        fact[$name]=$value
    done <"$1"
}

# The library travels into the image because ldd lists it. Its own entry, and the
# directories above it that a plain image does not have, are counted apart.
own_entries() {
    local work=$1 variant=$2
    local path=$work/lib/libumaskclamp.so
    while path=${path%/*} && [ -n "$path" ]; do
        printf '%s\n' "${path#/}"
    done >"$work/$variant/shim.dirs"
    printf '%s\n' "${work#/}/lib/libumaskclamp.so" >>"$work/$variant/shim.dirs"
}

# folded FILE: lines that begin with a path of the image, without what varies in
# such between plain runs: the time in the name of the copied log, and the name of
# ReaR's own temporary directory, which 2.9 takes along.
folded() {
    sed -E -e 's#^(tmp/rear-.*-partial-)[^\t]*\.log#\1TIME.log#' \
        -e 's#rear\.[A-Za-z0-9]{15}#rear.TEMPORARY#g' "$1"
}

# unfolded ROOT PATH: the file below ROOT, an unpacked image, that a folded path means.
unfolded() {
    local path=$2 IFS=
    local -a found
    if [ ! -e "$1/$path" ]; then
        path=${path//rear.TEMPORARY/rear.???????????????}
        # shellcheck disable=SC2206  # to be expanded, and without IFS not split
        found=("$1"/${path/partial-TIME.log/partial-*.log})
        printf '%s' "${found[0]}"
        return
    fi
    printf '%s' "$1/$path"
}

# stable FILE: the image's entries, folded, without pseudo terminals, which come and
# go.
stable() {
    folded "$1" | grep -Ev $'^dev/pts/[0-9]+\t' | LC_ALL=C sort
}

# source_of PATH: the file of this machine that the image's is a copy of. The log has
# another name there, and is there while it is written.
source_of() {
    case $1 in
        tmp/rear-*-partial-TIME.log)
            local name=${1#tmp/}
            printf '/var/log/rear/%s.log' "${name%-partial-TIME.log}"
            ;;
        *) printf '/%s' "$1" ;;
    esac
}

# only_narrower PLAIN WITH: two entries, the same but for permissions of group and
# others that the second lacks.
only_narrower() {
    local type mode rest with_type with_mode with_rest
    read -r type mode rest <<<"$1"
    read -r with_type with_mode with_rest <<<"$2"
    [ "$type $rest" = "$with_type $with_rest" ] && [[ $mode$with_mode =~ ^[0-7]+$ ]] &&
        [ $((with_mode & ~mode)) -eq 0 ] && [ $((mode & ~with_mode & ~077)) -eq 0 ]
}

# compare_entries WORK VARIANT: writes VARIANT/differ (one line an entry: path,
# plain, with) and VARIANT/inherited: copies of files that the shim protects at their
# source, which are narrower for that and different in nothing else. They have the
# mode of the file that ReaR copied, in both runs.
compare_entries() {
    local work=$1 variant=$2 path plain with source
    local -A source_plain=() source_with=()
    own_entries "$work" "$variant"
    stable "$work/plain/entries" >"$work/$variant/a"
    stable "$work/$variant/entries" >"$work/$variant/b"
    # Entries of the shim that a plain image lacks.
    LC_ALL=C join -t $'\t' -v 2 "$work/$variant/a" "$work/$variant/b" |
        awk -F '\t' 'NR == FNR { own[$1]; next } $1 in own' "$work/$variant/shim.dirs" - \
            >"$work/$variant/shim.entries"
    while IFS=$'\t' read -r path plain; do source_plain[$path]=$plain; done <"$work/plain/left"
    while IFS=$'\t' read -r path with; do source_with[$path]=$with; done <"$work/$variant/left"
    : >"$work/$variant/differ"
    : >"$work/$variant/inherited"
    LC_ALL=C join -t $'\t' -a 1 -a 2 -e absent -o 0,1.2,2.2 \
        "$work/$variant/a" "$work/$variant/b" |
        awk -F '\t' 'NR == FNR { own[$1]; next } $2 != $3 && !($2 == "absent" && $1 in own)' \
            "$work/$variant/shim.entries" - >"$work/$variant/all.differ"
    while IFS=$'\t' read -r path plain with; do
        source=$(source_of "$path")
        if [ "${source_plain[$source]-none}" = "${plain% }" ] &&
            [ "${source_with[$source]-none}" = "${with% }" ] &&
            only_narrower "$plain" "$with"; then
            printf '%s\t%s\t%s\n' "$path" "$plain" "$with" >>"$work/$variant/inherited"
        else
            printf '%s\t%s\t%s\n' "$path" "$plain" "$with" >>"$work/$variant/differ"
        fi
    done <"$work/$variant/all.differ"
    diff "$work/plain/devices" "$work/$variant/devices" |
        grep -E '^[<>]' | grep -Ev ' \./dev/pts/[0-9]+ ' >>"$work/$variant/differ" || [ $? -eq 1 ]
}

# compare_contents WORK VARIANT: writes VARIANT/contents, the regular files of
# the image whose content differs by more than numbers (times, sizes, process
# ids: ReaR writes such into a handful of text files in every run). A file that
# differs because this machine's own changed since the plain round began (a
# package upgraded meanwhile) goes to VARIANT/meanwhile.
compare_contents() {
    local work=$1 variant=$2 path
    local -A changed=()
    : >"$work/$variant/contents"
    : >"$work/$variant/meanwhile"
    while read -r path; do
        changed[$path]=1
    done < <(LC_ALL=C join -t $'\t' <(sums "$work/plain") <(sums "$work/$variant") |
        awk -F '\t' '$2 != $3 { print $1 }')
    for path in "${!changed[@]}"; do
        case $path in
            md5sums.txt)
                # the sums of exactly those files, and of the shim's
                cmp -s <(sums_but "$work/plain") <(sums_but "$work/$variant") && continue
                ;;
            tmp/rear-*-partial-TIME.log)
                cmp -s <(normal "$(unfolded "$work/plain/root" "$path")") \
                    <(normal "$(unfolded "$work/$variant/root" "$path")") && continue
                ;;
            *)
                cmp -s <(no_numbers "$(unfolded "$work/plain/root" "$path")") \
                    <(no_numbers "$(unfolded "$work/$variant/root" "$path")") && continue
                ;;
        esac
        if [ -n "$(find "/$path" -newercm "$work/plain/environment" 2>/dev/null)" ]; then
            printf '%s\n' "$path" >>"$work/$variant/meanwhile"
        else
            printf '%s\n' "$path" >>"$work/$variant/contents"
        fi
    done
}

sums() {
    sed -E -e 's#^([0-9a-f]+)  (.*)$#\2\t\1#' "$1/sums" | folded - | LC_ALL=C sort
}

no_numbers() {
    sed -E -e 's/[0-9]+/N/g' -e 's/[[:space:]]+/ /g' "$1"
}

# The lines of the image's own md5sums.txt whose files did not change. Reads the
# caller's `changed`.
sums_but() {
    local sum path
    while read -r sum path; do
        path=${path#\*./}
        case $path in
            */libumaskclamp.so | tmp/rear-*-partial-*.log) continue ;;
        esac
        [ -n "${changed[$path]-}" ] || printf '%s %s\n' "$sum" "$path"
    done < <(sed -E 's#rear\.[A-Za-z0-9]{15}#rear.TEMPORARY#g' "$1/root/md5sums.txt")
}

# normal LOG: a log of ReaR without what varies, see normalise.sed. Its lines are
# sorted: what ReaR starts in the background writes when it may, and a preload changes
# the order in which ldd lists the libraries, not which it lists.
normal() {
    sed -E -f "$ROOT/scripts/lib/normalise.sed" "$1" | LC_ALL=C sort
}

# compare_iso, compare_logs WORK VARIANT: the number of lines that differ, and the
# lines themselves in VARIANT/iso.diff and VARIANT/WORKFLOW.diff.
compare_iso() {
    diff "$1/plain/iso.list" "$1/$2/iso.list" >"$1/$2/iso.diff" || [ $? -eq 1 ]
    grep -c '^[<>]' "$1/$2/iso.diff" || [ $? -eq 1 ]
}

compare_logs() {
    local workflow total=0 lines
    for workflow in mkrescue mkbackuponly; do
        diff <(normal "$1/plain/$workflow.log") <(normal "$1/$2/$workflow.log") >"$1/$2/$workflow.diff" || [ $? -eq 1 ]
        lines=$(grep -c '^[<>]' "$1/$2/$workflow.diff" || [ $? -eq 1 ])
        total=$((total + lines))
    done
    echo "$total"
}
