# shellcheck shell=bash disable=SC2154  # work, target, runner, compiler: scripts/portable
# A run on glibc 2.17 itself. Sourced by scripts/portable.
#
# No Debian that its mirrors still have is that old. The cross toolchains of the npm
# packages below, which build for such systems, bring its libraries and headers.

# old_libc MACHINE: unpacks glibc 2.17 of that machine; its place is in `sysroot`.
old_libc() {
    local name=@napi-rs/cross-toolchain-x64-target-$1 version sum try file
    case $1 in
        x86_64)
            version=1.0.0
            sum=95e72882109fa13017f4c2c5708c7dfe72fd33cc5d919f67f0f922f2a8ca50dce38aad736c409d11bcc864030c1d1b6b5f189f2bd740c98ba1f204b135baf6a2
            ;;
        aarch64)
            version=1.0.3
            sum=10c15ccbf6a116c982637048d6d302df0454619f9c0ee20b83b9cfd6689c68a5d6d6d3b5f91bd4075082e9061ef9cbf65b84eecfdc2bdea7051315b28e059fdb
            ;;
        *) return 1 ;;
    esac
    need_commands "glibc 2.17" npm=npm xz=xz-utils || return 1
    sysroot=$work/glibc-2.17-$1
    mkdir -p -- "$sysroot"
    for try in 1 2 3; do
        say "fetching glibc 2.17 for $1 (try $try of 3)"
        if file=$(cd -- "$work" && npm pack --silent "$name@$version" 2>"$work/npm.err"); then
            break
        fi
        file=''
        [ "$try" -eq 3 ] || sleep 5
    done
    if [ -z "$file" ]; then
        tail -n 3 "$work/npm.err" >&2
        return 1
    fi
    echo "$sum  $work/$file" | sha512sum --check --status || {
        fault "$name@$version is not what it was"
        return 1
    }
    tar -xzf "$work/$file" -C "$work" --no-same-owner "package/$target.tar.xz"
    tar -xJf "$work/package/$target.tar.xz" -C "$sysroot" --no-same-owner --strip-components=3 \
        "./$target/sysroot"
    rm -rf -- "$work/package" "${work:?}/$file"
    chmod -R a+rX "$sysroot"
}

# check_old MACHINE LIBRARY: the short check and, where it takes no emulator, the
# whole table on glibc 2.17.
check_old() {
    local machine=$1 sysroot link headers
    if ! old_libc "$machine"; then
        say "$machine: no glibc 2.17 to be had: left out"
        # shellcheck disable=SC2034  # read by scripts/portable
        left_out=1
        return
    fi
    # The system's linker, as for the library. The compiler's own directories come
    # first otherwise: its start files and libgcc_s are those of a newer glibc.
    link=(-fuse-ld=bfd "--sysroot=$sysroot" "-B$sysroot/usr/lib/" "-B$sysroot/lib/")
    if [ ${#runner[@]} -gt 0 ]; then
        runner=(qemu-aarch64 -L "$sysroot")
    else
        link+=("-Wl,--dynamic-linker=$sysroot/lib/ld-linux-x86-64.so.2,-rpath,$sysroot/lib")
    fi
    headers=$("${compiler[@]}" -print-file-name=include)
    compiler+=("${link[@]}" -nostdinc -isystem "$headers" -isystem "$sysroot/usr/include")
    check "$machine" "$2"
    if [ "$tables" = no ] || [ ${#runner[@]} -gt 0 ]; then
        return
    fi
    (
        export CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS="${link[*]/#/-C link-arg=}"
        test_program "$work/old"
    )
    table "$machine-glibc-2.17" "$work/old/$target/release" \
        'UMASKCLAMP_TEST_LEFT_OUT=other/openat/*/tmpfile other/openat64/*/tmpfile: openat takes no mode with O_TMPFILE before glibc 2.22'
}
