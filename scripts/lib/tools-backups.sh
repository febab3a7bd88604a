# shellcheck shell=bash
# Cases of scripts/tools: backup programs. Sourced; see tools-run.sh.

tool 'rsync -a' rsync wide <<'CASE'
cp -a "$P/tree" "$S/tree"
rm "$S/tree/link"
printf 'changed\n' >"$S/tree/deep/two"
#run
rsync -a "$P/tree" "$S/"
CASE

tool 'rsync --inplace over wide files' rsync wide <<'CASE'
mkdir "$S/tree"
wide "$S/tree/one" "$S/numbers"
#run
rsync -r --inplace "$P/tree" "$P/numbers" "$S/"
CASE

tool 'rsync over a remote shell, with a backup' rsync wide <<'CASE'
printf '#!/bin/sh\nshift\nexec sh -c "$*"\n' >"$P/rsh"
chmod 0755 "$P/rsh"
mkdir "$S/tree"
wide "$S/tree/one"
#run
rsync -aAX --backup -e "$P/rsh" "$P/tree" "host:$S/"
CASE

# What compares the mode of what it left with the source's does so in the next run:
# hence twice. With what comes last it works as without.
tool 'rsync --link-dest, twice' rsync wide <<'CASE'
#run
rsync -a "$P/tree/" "$S/day.0"
rsync -a --link-dest="$S/day.0" "$P/tree/" "$S/day.1"
#second
linked "$S/day.0" "$S/day.1"
CASE

for option in --no-perms --chmod=go=; do
    tool "rsync --link-dest $option, twice" rsync wide <<CASE
#run
rsync -a $option "\$P/tree/" "\$S/day.0"
rsync -a $option --link-dest="\$S/day.0" "\$P/tree/" "\$S/day.1"
#same
digest "\$S"
linked "\$S/day.0" "\$S/day.1"
#second
linked "\$S/day.0" "\$S/day.1"
CASE
done

# rsnapshot_twice [LINE...]: with more lines in its configuration.
# shellcheck disable=SC2016  # for the shell that runs the case
rsnapshot_twice() {
    cat <<'CASE'
{
    printf 'config_version\t1.2\nsnapshot_root\t%s/\ncmd_rsync\t/usr/bin/rsync\n' "$S"
    printf 'cmd_cp\t/bin/cp\nlogfile\t%s/log\nlockfile\t%s/lock\n' "$S" "$P"
    printf 'retain\tbeta\t3\nverbose\t1\nbackup\t%s/tree/\tlocalhost/\n' "$P"
CASE
    [ $# -eq 0 ] || printf "    echo '%s'\n" "$@"
    cat <<'CASE'
} >"$P/conf"
#run
rsnapshot -c "$P/conf" beta
rsnapshot -c "$P/conf" beta
#same
digest "$S" | grep -v '/log$'
CASE
    [ $# -lt 2 ] || echo 'linked "$S/beta.1" "$S/beta.0"'
    cat <<'CASE'
#second
linked "$S/beta.1" "$S/beta.0"
CASE
}

tool 'rsnapshot, twice' 'rsnapshot rsync' wide < <(rsnapshot_twice)
tool 'rsnapshot, link_dest, twice' 'rsnapshot rsync' wide < <(rsnapshot_twice $'link_dest\t1')
tool 'rsnapshot, link_dest, --no-perms, twice' 'rsnapshot rsync' wide < <(rsnapshot_twice \
    $'link_dest\t1' $'rsync_long_args\t--delete --numeric-ids --relative --delete-excluded --no-perms')

# backintime_twice [LINE...]: with more lines in its configuration.
backintime_twice() {
    cat <<'CASE'
mkdir -p "$S/backintime/host/user/1"
{
    printf 'config.version=6\nprofile1.snapshots.path=%s\nprofile1.snapshots.path.host=host\n' "$S"
    printf 'profile1.snapshots.path.user=user\nprofile1.snapshots.path.profile=1\n'
    printf 'profile1.snapshots.include.1.value=%s\nprofile1.snapshots.include.1.type=0\n' "$P/tree"
    printf 'profile1.snapshots.include.size=1\nprofile1.snapshots.exclude.size=0\n'
    printf 'profile1.snapshots.take_snapshot_regardless_of_changes=true\nprofiles.version=1\n'
CASE
    [ $# -eq 0 ] || printf "    echo '%s'\n" "$@"
    cat <<'CASE'
} >"$P/conf"
#run
for day in 1 2; do
    # A snapshot's name is its second.
    sleep 1
    backintime --config "$P/conf" backup
done
#same
for snapshot in "$S"/backintime/host/user/1/2*; do digest "$snapshot/backup$P/tree"; done
CASE
    [ $# -eq 0 ] || tail -n 2 <<<"$backintime_second"
    printf '#second\n%s\n' "$backintime_second"
}
# shellcheck disable=SC2016
backintime_second='set -- "$S"/backintime/host/user/1/2*
linked "$1/backup$P/tree" "$2/backup$P/tree"'

tool 'backintime, twice' backintime-common wide root < <(backintime_twice)
tool 'backintime, --no-perms, twice' backintime-common wide root < <(backintime_twice \
    profile1.snapshots.rsync_options.enabled=true profile1.snapshots.rsync_options.value=--no-perms)

tool 'unison, twice' unison wide <<'CASE'
mkdir "$S/u"
#run
for day in 1 2; do
    unison -batch -ui text -silent "$P/tree" "$S/u" >"$P/said" 2>&1 && echo 0 || echo $?
done | paste -sd, >"$P/told"
#same
digest "$P/tree"
#second
echo "exit statuses $(cat "$P/told")"
CASE

tool 'unison -perms 0, twice' unison wide <<'CASE'
mkdir "$S/u"
#run
for day in 1 2; do unison -batch -ui text -silent -perms 0 "$P/tree" "$S/u"; done
unison -batch -ui text -perms 0 "$P/tree" "$S/u" >"$P/told" 2>&1
#same
digest "$P/tree"
digest "$S/u"
grep -o 'Nothing to do' "$P/told"
#second
grep -io 'nothing to do' "$P/told"
CASE

tool 'borg, init and create' borgbackup careful <<'CASE'
#run
export BORG_BASE_DIR=$H BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes
borg init -e none "$S/repo"
borg create "$S/repo::a" "$P/tree"
#same
export BORG_BASE_DIR=$H BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes
borg list --format '{mode} {path}{NL}' "$S/repo::a" | sed 's|[^ ]*/p/||' | sort
CASE

tool 'borg extract' borgbackup wide <<'CASE'
export BORG_BASE_DIR=$H BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes
borg init -e none "$P/repo"
cd "$P" && borg create "$P/repo::a" tree
#run
export BORG_BASE_DIR=$H BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes
cd "$S" && borg extract "$P/repo::a"
CASE

tool 'duplicity, full and restore' duplicity wide <<'CASE'
mkdir -m 0755 "$S/dup"
#run
duplicity --no-encryption --archive-dir "$H/d" full "$P/tree" "file://$S/dup"
duplicity --no-encryption --archive-dir "$H/d" restore "file://$S/dup" "$S/back"
#same
digest "$S/back"
CASE

# It compares what it linked with the source, mode and all, and gives up the
# second name of a hard-linked file when that was clamped.
tool 'rdiff-backup, twice' rdiff-backup wide <<'CASE'
#run
for day in 1 2; do
    rdiff-backup "$P/tree" "$S/mirror"
    # An increment's name is its second.
    sleep 1.1
done
#same
digest "$P/tree"
#second
sed -n 's/^IncrementFiles \([0-9]*\).*/\1 increments/p' "$(printf '%s\n' "$S"/mirror/rdiff-backup-data/session_statistics.* | tail -n 1)"
CASE

tool 'rdiff-backup --no-hard-links, twice, restore' rdiff-backup wide <<'CASE'
#run
for day in 1 2; do
    rdiff-backup --no-hard-links "$P/tree" "$S/mirror"
    sleep 1.1
done
rdiff-backup --no-hard-links -r now "$S/mirror" "$S/back"
#same
digest "$S/back"
sed -n 's/^IncrementFiles \([0-9]*\).*/\1 increments/p' "$S"/mirror/rdiff-backup-data/session_statistics.*
#second
sed -n 's/^IncrementFiles \([0-9]*\).*/\1 increments/p' "$(printf '%s\n' "$S"/mirror/rdiff-backup-data/session_statistics.* | tail -n 1)"
CASE

tool 'fsarchiver savedir' fsarchiver wide root <<'CASE'
#run
fsarchiver -o savedir "$S/a.fsa" "$P/tree"
#same
ls "$S"
CASE

tool 'dump of an ext2 image' 'dump e2fsprogs' wide root <<'CASE'
truncate -s 4M "$P/image"
mke2fs -q -t ext2 -d "$P/tree" "$P/image"
#run
loop=$(losetup -f --show -r "$P/image")
trap 'losetup -d "$loop"' EXIT
dump -0 -f "$S/a.dump" "$loop"
#same
restore -t -f "$S/a.dump" | awk '/\.\// {print $2}'
CASE
