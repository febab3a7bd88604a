# shellcheck shell=bash
# Jobs of scripts/tools: packages and a live system's own files. Sourced; see
# tools-jobs-run.sh.
# shellcheck disable=SC2016,SC2154

# Four versions of a package with names that lists know: conffiles, hard links, a
# directory. `package x VERSION` builds one. The fourth wants a file of another package.
read -r -d '' PACKAGES <<'JOB' || :
package() {
    local tree=$P/$1-$2
    rm -rf "$tree"
    mkdir -p "$tree/DEBIAN" "$tree/opt/$1/tls" "$tree/opt/$1/data" "$tree/etc/$1"
    printf 'Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: a <a@example.org>\nDescription: d\n' \
        "$1" "$2" >"$tree/DEBIAN/control"
    printf '/etc/%s/init.sql\n/etc/%s/plain.conf\n' "$1" "$1" >"$tree/DEBIAN/conffiles"
    (
        cd "$tree/opt/$1"
        echo "schema $2" >schema.sql
        echo "key $2" >tls/server.key
        echo "data $2" >data/one
        echo "links $2" >a.txt
        ln a.txt data/b.sql
        ln a.txt z.txt
        echo "more $2" >more.sql
        ln more.sql more.txt
        ln -s schema.sql link.sql
        [ "$2" -ge 2 ] || echo gone >gone.sql
        [ "$2" -lt 2 ] || echo new >new.sql
        echo "init $2" >../../etc/$1/init.sql
        echo "plain $2" >../../etc/$1/plain.conf
        [ "$2" -lt 4 ] || { mkdir ../y; echo mine >../y/schema.sql; }
    )
    chmod -R u=rwX,go=rX "$tree"
    dpkg-deb --root-owner-group -b "$tree" "$P/$1_$2.deb" >/dev/null
}
for version in 1 2 3 4; do package x "$version"; done
package y 1
mkdir -p "$P/root/var/lib/dpkg/info" "$P/root/var/lib/dpkg/updates" "$P/root/var/log"
touch "$P/root/var/lib/dpkg/status" "$P/root/var/lib/dpkg/available"
JOB

job 'dpkg, two versions, rollback, removal' dpkg root builtin %P/root/opt/x:%P/root/etc/x %P/root <<JOB
$PACKAGES
#run
dp() { dpkg --root="\$P/root" --log="\$P/dpkg.log" "\$@"; names "\$P/root/opt" "\$P/root/etc"; }
tell dp -i "\$P/y_1.deb"
tell dp -i "\$P/x_1.deb"
tell dp -i "\$P/x_2.deb"
echo edited >>"\$P/root/etc/x/init.sql"
tell dp --force-confold -i "\$P/x_3.deb"
tell dp -i "\$P/x_4.deb"
tell dp -i "\$P/x_1.deb"
tell dp --force-confnew -i "\$P/x_2.deb"
tell dp --verify x
tell dp -r x
tell dp -P x
tell dp -i "\$P/x_2.deb"
#same
names "\$P/root/opt" "\$P/root/etc"
cat "\$P/root/var/lib/dpkg/status" "\$P/root/var/lib/dpkg/info/x.list"
#others
find "\$P/root/opt/x" "\$P/root/etc/x" \\( -name '*.sql' -o -name '*.key' \\) -readable
JOB

job 'apt-get upgrade from a local archive' 'apt dpkg' root builtin %P/root <<JOB
$PACKAGES
mkdir -p "\$P/repo" "\$P/root"/{etc/apt/apt.conf.d,etc/apt/preferences.d,etc/apt/trusted.gpg.d,var/lib/apt/lists/partial,var/cache/apt/archives/partial,var/log/apt}
echo "deb [trusted=yes] file:\$P/repo ./" >"\$P/root/etc/apt/sources.list"
cat >"\$P/apt.conf" <<CONF
Dir "\$P/root";
Dir::Bin::dpkg "/usr/bin/dpkg";
Dir::Bin::Methods "/usr/lib/apt/methods";
Dir::State::status "\$P/root/var/lib/dpkg/status";
DPkg::Options { "--root=\$P/root"; "--log=\$P/dpkg.log"; };
APT::Sandbox::User "root";
APT::Architecture "\$(dpkg --print-architecture)";
Acquire::Languages "none";
CONF
#run
export APT_CONFIG=\$P/apt.conf
archive() {
    cp "\$P/x_\$1.deb" "\$P/repo/"
    for deb in "\$P"/repo/*.deb; do
        dpkg-deb -f "\$deb"
        printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "\${deb##*/}" "\$(stat -c %s "\$deb")" "\$(sha256sum <"\$deb" | cut -d ' ' -f 1)"
    done >"\$P/repo/Packages"
}
archive 1
tell apt-get -qq update
tell apt-get -qq -y install x
names "\$P/root/opt" "\$P/root/etc"
archive 2
tell apt-get -qq update
tell apt-get -qq -y upgrade
names "\$P/root/opt" "\$P/root/etc"
tell apt-get -qq -y --allow-downgrades install x=1
tell apt-get -qq -y remove x
tell apt-get -qq -y install x
#same
names "\$P/root/opt" "\$P/root/etc"
cat "\$P/root/var/lib/dpkg/status"
ls "\$P/root/var/lib/apt/lists" "\$P/root/var/cache/apt/archives"
#others
find "\$P/root/opt/x" "\$P/root/etc/x" \\( -name '*.sql' -o -name '*.key' \\) -readable
JOB

# A copy by hard links of a machine's own /etc. The root directory borrows the programs
# of this machine, and has a copy of its /etc.
job 'cp -al /etc /var/backups/etc in a chroot' 'coreutils rsync' root builtin /var/backups <<'JOB'
R=$P/root
mkdir -p "$R/etc" "$R/var/backups" "$R/proc" "$R/dev" "$R/usr" "$R${L%/*}"
chmod 0755 "$R/var/backups"
for dir in bin sbin lib lib32 lib64 libx32; do
    if [ -L "/$dir" ]; then
        cp -P "/$dir" "$R/$dir"
    elif [ -d "/$dir" ]; then
        mkdir "$R/$dir"
        mount --bind "/$dir" "$R/$dir"
    fi
done
mount --bind /usr "$R/usr" && mount --bind /proc "$R/proc" || exit 77
cp -a /etc/. "$R/etc/"
echo secret >"$R/etc/own.key"
chmod 0644 "$R/etc/own.key"
cp "$L" "$R$L"
#run
chroot "$P/root" bash -euc '
tell() { local status=0; "$@" || status=$?; printf "%s: %s\n" "$*" "$status"; }
modes() { find "$@" -printf "%m %U %G %n %p\n" | sort -k 5; }
modes /etc
tell cp -al /etc /var/backups/etc
modes /etc
sed -i s/localhost/localhost/ /etc/hosts
rm /etc/own.key
echo later >/etc/later
modes /etc >/tmp.modes
tell rsync -a --delete /etc/ /var/backups/etc/
modes /etc
tell mv /var/backups/etc /var/backups/etc.1
tell cp -al /var/backups/etc.1 /var/backups/etc.2
tell cp -al /etc /var/backups/etc
modes /etc
tell rm -rf /var/backups/etc.1
tell mv /var/backups/etc /var/backups/etc.2/in
modes /etc
tell mv /var/backups/etc.2 /aside
tell mv /aside /var/backups/etc.2
tell rm -rf /var/backups/etc.2/in
tell cp -al /etc /var/backups/last
modes /etc
'
#same
modes "$P/root/etc"
names "$P/root/etc" "$P/root/var/backups"
#others
find "$P/root/var/backups" -mindepth 1 \( -type f -readable -o -type d -executable \)
JOB

# What renames across what a mount table and st_dev say otherwise: see tests/mounts.rs.
job 'mv between subvolumes of btrfs' 'btrfs-progs perl' root %B <<'JOB'
modprobe -q btrfs || :
grep -qw btrfs /proc/filesystems || { echo "no btrfs in this kernel"; exit 77; }
truncate -s 256M "$P/image"
mkfs.btrfs -q "$P/image"
mount -o loop "$P/image" "$B" || { echo "no loop device to be had"; exit 77; }
chmod 0755 "$B"
btrfs -q subvolume create "$B/one" || btrfs subvolume create "$B/one"
btrfs -q subvolume create "$B/two" || btrfs subvolume create "$B/two"
btrfs -q subvolume create "$B/one/sub" || btrfs subvolume create "$B/one/sub"
mkdir "$B/one/d" "$B/one/sub/d"
for dir in one one/d one/sub; do seq 1 100 >"$B/$dir/file"; done
#run
rename() { perl -e 'rename $ARGV[0], $ARGV[1] or die "$!\n"' "$@"; }
tell rename "$B/one/file" "$B/two/file"
tell rename "$B/one/d" "$B/two/d"
tell mv "$B/one/file" "$B/two/file"
tell mv "$B/one/d" "$B/two/d"
tell rename "$B/one/sub" "$B/two/sub"
tell ln "$B/two/file" "$B/one/link"
tell btrfs subvolume snapshot "$B/two" "$B/three"
tell mv "$B/three" "$B/four"
#others
find "$B" -mindepth 2 \( -type f -readable -o -type d -executable \)
JOB
