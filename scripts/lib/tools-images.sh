# shellcheck shell=bash
# Cases of scripts/tools: images of discs and file systems. Sourced.

tool 'genisoimage' genisoimage wide <<'CASE'
#run
genisoimage -quiet -R -o "$S/a.iso" "$P/tree"
#same
isoinfo -R -f -i "$S/a.iso"
CASE

tool 'xorriso -as mkisofs over a wide image' xorriso wide <<'CASE'
wide "$S/b.iso"
truncate -s 0 "$S/b.iso"
#run
xorriso -as mkisofs -quiet -R -o "$S/a.iso" "$P/tree"
xorriso -as mkisofs -quiet -R -o "$S/b.iso" "$P/tree"
#same
cd "$S" && for image in a.iso b.iso; do
    xorriso -indev "$image" -find / 2>&1 | grep "^'"
done
CASE

tool 'osirrox, extract' xorriso wide <<'CASE'
xorriso -as mkisofs -quiet -R -o "$P/a.iso" "$P/tree"
#run
xorriso -osirrox on -indev "$P/a.iso" -extract / "$S/x"
CASE

tool 'mksquashfs, unsquashfs' squashfs-tools wide <<'CASE'
#run
mksquashfs "$P/tree" "$S/a.sqfs" -quiet -no-progress
unsquashfs -n -q -d "$S/x" "$S/a.sqfs"
#same
digest "$S/x"
CASE

tool 'qemu-img create, convert' qemu-utils wide <<'CASE'
wide "$S/b.qcow2"
#run
qemu-img create -q -f qcow2 "$S/a.qcow2" 16M
qemu-img convert -f raw -O qcow2 "$P/numbers" "$S/b.qcow2"
#same
qemu-img convert -O raw "$S/b.qcow2" "$P/back" && head -c 13893 "$P/back" | sha256sum
CASE

tool 'wimcapture, wimapply' wimtools wide <<'CASE'
#run
wimcapture "$P/tree" "$S/a.wim" --unix-data
wimapply "$S/a.wim" "$S/x" --unix-data
#same
digest "$S/x"
CASE

tool 'mke2fs -d, debugfs dump' e2fsprogs wide <<'CASE'
#run
mke2fs -q -t ext4 -d "$P/tree" "$S/a.img" 4M
debugfs -R "dump /one $S/one" "$S/a.img"
debugfs -R "rdump /deep $S" "$S/a.img"
#same
digest "$S" | grep -v 'a\.img$'
CASE

tool 'e2image' e2fsprogs careful <<'CASE'
truncate -s 4M "$P/image"
mke2fs -q -t ext4 -d "$P/tree" "$P/image"
#run
e2image "$P/image" "$S/a.e2i"
#same
ls "$S"
CASE

tool 'mtools and mkfs.vfat' 'mtools dosfstools' wide <<'CASE'
#run
mkfs.vfat -C "$S/a.img" 2048
mcopy -i "$S/a.img" "$P/numbers" ::N
mcopy -i "$S/a.img" ::N "$S/back"
#same
sha256sum <"$S/back"
CASE

tool 'ddrescue' gddrescue wide <<'CASE'
wide "$S/a"
#run
ddrescue -q --force "$P/numbers" "$S/a" "$S/map"
#same
sha256sum <"$S/a"
CASE

tool 'fallocate, mkswap' util-linux wide <<'CASE'
#run
fallocate -l 128K "$S/a"
mkswap -q -U clear "$S/a"
#same
stat -c %s "$S/a"
CASE
