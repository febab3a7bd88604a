# shellcheck shell=bash
# Cases of scripts/tools: compressors. Each gives its output the mode of its
# input, so the input is wide, and lies in the sensitive directory as well.

# squeezer NAME PACKAGE SUFFIX COMPRESS DECOMPRESS
squeezer() {
    tool "$1, new file" "$2" wide <<CASE
cp -p "\$P/numbers" "\$P/n"
#run
$4 -c "\$P/n" >"\$S/a$3"
cp -p "\$P/numbers" "\$S/n"
$4 "\$S/n"
#same
$5 -c "\$S/n$3" | sha256sum
ls "\$S"
CASE
    tool "$1, unpack over a wide file" "$2" wide <<CASE
cp -p "\$P/numbers" "\$S/n"
$4 "\$S/n"
wide "\$S/n"
#run
$5 -f "\$S/n$3"
#same
sha256sum <"\$S/n"
CASE
}

squeezer gzip gzip .gz 'gzip' 'gzip -d'
squeezer bzip2 bzip2 .bz2 'bzip2' 'bzip2 -d'
squeezer xz xz-utils .xz 'xz' 'xz -d'
squeezer zstd zstd .zst 'zstd -q' 'zstd -q -d'
squeezer lz4 lz4 .lz4 'lz4 -q -m' 'lz4 -q -d -m'
squeezer lzop lzop .lzo 'lzop' 'lzop -d'
squeezer pigz pigz .gz 'pigz' 'pigz -d'
squeezer pbzip2 pbzip2 .bz2 'pbzip2 -q' 'pbzip2 -q -d'
squeezer plzip plzip .lz 'plzip' 'plzip -d'
