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

tool 'rsync --link-dest' rsync wide <<'CASE'
rsync -a "$P/tree/" "$S/day.0"
#run
rsync -a --link-dest="$S/day.0" "$P/tree/" "$S/day.1"
CASE

tool 'rsnapshot' 'rsnapshot rsync' wide <<'CASE'
{
    printf 'config_version\t1.2\nsnapshot_root\t%s/\ncmd_rsync\t/usr/bin/rsync\n' "$S"
    printf 'cmd_cp\t/bin/cp\nlogfile\t%s/log\nlockfile\t%s/lock\n' "$S" "$P"
    printf 'retain\tbeta\t3\nverbose\t1\nbackup\t%s/tree/\tlocalhost/\n' "$P"
} >"$P/conf"
#run
rsnapshot -c "$P/conf" beta
rsnapshot -c "$P/conf" beta
#same
digest "$S" | grep -v '/log$'
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
# second name of a hard-linked file when that was clamped: hence no hard links.
tool 'rdiff-backup --no-hard-links, restore' rdiff-backup wide <<'CASE'
#run
rdiff-backup --no-hard-links "$P/tree" "$S/mirror"
rdiff-backup --no-hard-links -r now "$S/mirror" "$S/back"
#same
digest "$S/back"
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
