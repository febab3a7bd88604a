# shellcheck shell=bash
# Private mounts and process ids, in which scripts/demo measures: what is mounted
# there is seen by nobody else, and all that was started there ends together.
# Sourced.

# namespace_options: sets `options` for unshare(1). Root needs no user namespace;
# another user gets one in which mounts are allowed.
namespace_options() {
    options=(--mount --pid --fork --kill-child --mount-proc)
    is_root || options+=(--user --map-root-user)
    # In a chroot that is not a mount point the propagation cannot be changed; the
    # scripts that mount there undo it by hand.
    if ! unshare "${options[@]}" true 2>/dev/null; then
        options+=(--propagation unchanged)
    fi
}

# can_unshare: are there namespaces for this user?
can_unshare() {
    local -a options
    namespace_options
    unshare "${options[@]}" true 2>/dev/null
}

# in_namespaces COMMAND...: runs it there, in place of this process.
in_namespaces() {
    local -a options
    namespace_options
    exec unshare "${options[@]}" -- "$@"
}
