# shellcheck shell=bash
# What it takes to build the library for 32-bit programs on a 64-bit PC: a C
# compiler with 32-bit libraries, and Rust's standard library for i686. Sourced,
# after common.sh.

readonly I386=i686-unknown-linux-gnu

# What is fetched and built: below a directory of its own, since another Rust would
# have all else built anew.
I386_TARGET=${CARGO_TARGET_DIR:-$ROOT/target}/i386

# i386_packages: what makes `gcc -m32` work, a line each. Not gcc-multilib, which cannot
# be installed beside a cross compiler; what it would add is the path of the kernel's
# headers, and who compiles C that wants them says where they are.
i386_packages() {
    local version
    version=$(gcc -dumpversion 2>/dev/null ||
        LC_ALL=C apt-cache depends gcc 2>/dev/null | sed -n 's/^ *Depends: gcc-\([0-9]*\)$/\1/p')
    printf '%s\n' gcc libc6-dev-i386 "lib32gcc-$version-dev"
}

# i386_compiler WHY
i386_compiler() {
    local -a packages
    mapfile -t packages < <(i386_packages)
    need_packages "$1" "${packages[@]}"
}

# i386_rust_there: has the Rust that is started so the library?
i386_rust_there() {
    local directory
    directory=$(cd -- "$ROOT" && "${i386_with[@]}" rustc --print target-libdir --target "$I386" 2>/dev/null) &&
        [ -d "$directory" ]
}

# i386_rust WHY: makes the array `i386_with` the words before `cargo` that lead to
# a Rust with the library: rustup's, or Debian's with the library of its package
# for i386.
i386_rust() {
    local why=$1
    i386_with=(env)
    i386_rust_there && return 0
    add_rust_target "$why" "$I386"
    i386_rust_there && return 0
    i386_with=(env PATH="/usr/bin:$PATH")
    i386_rust_there && return 0
    if need_packages "$why" cargo-web rustc-web && i386_sysroot "$why"; then
        i386_with+=("CARGO_TARGET_I686_UNKNOWN_LINUX_GNU_RUSTFLAGS=--sysroot=$I386_TARGET/sysroot")
        return 0
    fi
    printf '%s: no standard library of Rust: rustup target add %s, or package libstd-rust-web-dev:i386\n' \
        "$why" "$I386" >&2
    return 1
}

# i386_sysroot WHY: unpacks Debian's package of the library. To install it would
# take the compiler itself for i386 along, and LLVM; and from the day on which the
# other architecture's index cannot be had, `apt-get update` fails for both. So
# apt-get has its own idea of the machine here, and its own lists.
i386_sysroot() {
    local state=$I386_TARGET/apt package version try
    local -a apt=(apt-get -q -o APT::Architecture=i386 -o APT::Architectures=i386
        -o "Dir::State=$state" -o "Dir::State::status=$state/status" -o "Dir::Cache=$state/cache"
        -o APT::Sandbox::User=root -o Acquire::Languages=none)
    version=$(dpkg-query -W -f '${Version}' rustc-web) || return 1
    package=libstd-rust-web-dev=$version
    mkdir -p -- "$state/lists/partial" "$state/cache/archives/partial" || return 1
    : >"$state/status"
    for try in 1 2 3; do
        say "$1: fetching $package for i386 (try $try of 3)"
        # What the update says is of interest only if the package is not to be had.
        "${apt[@]}" update >"$state/log" 2>&1 || :
        if (cd -- "$state" && rm -f -- ./*.deb && "${apt[@]}" download "$package" >>log 2>&1); then
            mkdir -p -- "$I386_TARGET/sysroot/lib" &&
                rm -rf -- "$state/root" &&
                dpkg-deb -x "$state"/*.deb "$state/root" &&
                ln -sfn -- "$state/root/usr/lib/rustlib" "$I386_TARGET/sysroot/lib/rustlib"
            return
        fi
        [ "$try" -lt 3 ] && sleep 5
    done
    tail -n 5 "$state/log" >&2
    return 1
}

# i386_build: builds the release library and sets `i386_library`.
i386_build() {
    say "building the release library for 32 bits"
    (cd -- "$ROOT" && CARGO_TARGET_DIR=$I386_TARGET "${i386_with[@]}" \
        cargo build --release --quiet --package umaskclamp --target "$I386") || return 1
    # shellcheck disable=SC2034  # read by who called
    i386_library=$I386_TARGET/$I386/release/libumaskclamp.so
}
