# shellcheck shell=bash
# Rows of scripts/cves: what Debian 12 has. Sourced; see cves-run.sh.

cve GHSA-mj6p-44ch-cq69 'uutils coreutils 0.0.17, mkdir -m' <<'ROW'
about: `mkdir -m 0700` makes the directory with 0777 and the umask, and narrows it afterwards.
rules: secret/
file: secret
shown: `secret/`
deb: rust-coreutils=0.0.17*
#run
"$I/usr/bin/coreutils" mkdir -m 0700 secret
ROW

cve 'uutils PR 12135' 'uutils coreutils 0.0.17, cp' <<'ROW'
about: `cp` of a file that is the owner's alone makes the copy with 0666 and the umask, and gives it the mode of the source when the content is there.
rules: ~/copy
file: copy
shown: `copy`
deb: rust-coreutils=0.0.17*
#run
(umask 077; echo secret >source)
"$I/usr/bin/coreutils" cp -p source copy
ROW

cve CVE-2022-4968 'netplan 0.106, WireGuard and Wi-Fi' <<'ROW'
about: What `netplan generate` writes for networkd, the private key of a WireGuard tunnel in it, can be read by everybody. With the mask 077 networkd, which has a user of its own, cannot read it either: it needs the mask 027 and a directory of its group (setgid).
rules: **/run/systemd/network/*
file: root/run/systemd/network/.*
shown: `run/systemd/network/*.netdev`
deb: netplan.io=0.106* libnetplan0=0.106* libglib2.0-0 libyaml-0-2 libuuid1 libpcre2-8-0
#run
mkdir -p root/etc/netplan
(umask 077; cat >root/etc/netplan/wg.yaml) <<'YAML'
network:
  version: 2
  tunnels:
    wg0:
      mode: wireguard
      addresses: [10.0.0.1/24]
      key: 4GgaQCy68nzNsUE5aJ9fuLzHhB65tAlwbmA72MWnOm8=
      peers:
        - keys: {public: M9nt4YujIOmNrRmpIRTmYSfMdrpvE7u6WkG8FY8WjG4=}
          allowed-ips: [10.0.0.0/24]
YAML
libraries=("$I"/usr/lib/*-linux-gnu "$I"/lib/*-linux-gnu)
LD_LIBRARY_PATH=$(IFS=:; echo "${libraries[*]}") "$I/usr/libexec/netplan/generate" --root-dir root
ROW

cve CVE-2023-1786 'cloud-init 22.4.2' <<'ROW'
about: The log, in which user data and passwords may stand, was open to everybody; this version makes it so and narrows it to the group afterwards. With the mask 077 the group `adm` cannot read it either; with 027 it can.
rules: cloud-init.log
file: var/log/cloud-init.log
shown: `cloud-init.log`
deb: cloud-init=22.4.2* python3-yaml python3-jinja2 python3-markupsafe python3-configobj python3-six python3-requests python3-urllib3 python3-idna python3-chardet python3-certifi python3-jsonpatch python3-json-pointer
#run
cat >cloud.cfg <<YAML
def_log_file: $H/var/log/cloud-init.log
syslog_fix_perms: [none]
system_info: {distro: debian, paths: {cloud_dir: $H/var/lib/cloud, run_dir: $H/run}}
YAML
PYTHONPATH=$I/usr/lib/python3/dist-packages /usr/bin/python3 -B - <<'PYTHON'
from cloudinit import stages, util
init = stages.Init()
init._cfg = util.read_conf("cloud.cfg")
init._initialize_filesystem()
util.append_file(init.cfg["def_log_file"], "user data with a password\n")
PYTHON
ROW

cve CVE-2024-23301 'ReaR 2.7, initrd' <<'ROW'
about: The rescue system's initrd, with the secrets of the host, is made open to everybody. Debian's package narrows it afterwards: the time until then is left, and whoever opened it keeps it.
rules: initrd.cgz
file: tmp/initrd.cgz
shown: `initrd.cgz`
deb: rear=2.7*
#run
mkdir -p rootfs/etc tmp
(umask 077; echo "root:hash" >rootfs/etc/shadow)
seq 1 200000 >rootfs/filler
LogPrint() { :; }
Error() { echo "$*" >&2; exit 1; }
ROOTFS_DIR=$H/rootfs TMP_DIR=$H/tmp REAR_INITRD_COMPRESSION='' ARCH='' ZVM_NAMING=''
set +u
. "$I/usr/share/rear/pack/GNU/Linux/900_create_initramfs.sh"
ROW

cve 'backintime issue 2235' 'Back In Time 1.3.3' <<'ROW'
about: The log of a backup and the list of owners and modes are made for everybody to read, and name each file of the user.
rules: takesnapshot_.log:fileinfo.bz2
file: .*/(takesnapshot_.log|fileinfo.bz2)
shown: `fileinfo.bz2`, `takesnapshot_.log`
deb: backintime-common=1.3.3* rsync python3-dbus python3-keyring python3-packaging python3-jaraco.classes python3-more-itertools python3-importlib-metadata python3-zipp
#run
mkdir -p snapshots
export PYTHONPATH=$I/usr/lib/python3/dist-packages PATH=$I/usr/bin:$PATH
mkdir -p .config/backintime
cat >.config/backintime/config <<CONFIG
config.version=6
profile1.snapshots.include.1.type=0
profile1.snapshots.include.1.value=/usr/share/doc/base-files
profile1.snapshots.include.size=1
profile1.snapshots.mode=local
profile1.snapshots.path=$H/snapshots
profile1.snapshots.path.host=host
profile1.snapshots.path.profile=1
profile1.snapshots.path.user=user
profiles.version=1
CONFIG
/usr/bin/python3 -s "$I/usr/share/backintime/common/backintime.py" check-config --no-crontab >log 2>&1 || { cat log; exit 1; }
/usr/bin/python3 -s "$I/usr/share/backintime/common/backintime.py" backup >>log 2>&1 || { cat log; exit 1; }
test -s snapshots/backintime/host/user/1/*-*/fileinfo.bz2
ROW
