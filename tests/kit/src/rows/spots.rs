//! The many spellings of one place.

/// One spelling. Templates know `{D}` (the tree), `{F}` (the number of the
/// directory descriptor), `{P}` (the process id) and those of `Row::expand`.
#[derive(Clone, Debug)]
pub struct Spot {
    pub name: &'static str,
    /// Where the program stands, below the tree. With a `!` before it, the
    /// directory is removed once the program stands there.
    pub cwd: &'static str,
    /// The directory descriptor: a path below the tree, with a `^` before it
    /// an `O_PATH` one, `#` a number that is no descriptor; `None` `AT_FDCWD`.
    pub at: Option<&'static str>,
    /// The path as given.
    pub path: &'static str,
    /// The path below the tree where the kernel goes.
    pub real: &'static str,
}

const fn path(
    name: &'static str,
    cwd: &'static str,
    path: &'static str,
    real: &'static str,
) -> Spot {
    Spot {
        name,
        cwd,
        at: None,
        path,
        real,
    }
}

const fn at(name: &'static str, at: &'static str, path: &'static str) -> Spot {
    Spot {
        name,
        cwd: "outside",
        at: Some(at),
        path,
        real: "{S}/{L}",
    }
}

/// Spellings for every call that takes a path. The first four are the ones
/// that every twin of a call is tried with.
pub const PATH_SPOTS: &[Spot] = &[
    path("absolute", "", "{D}/{S}/{L}", "{S}/{L}"),
    path("inside", "{S}", "{L}", "{S}/{L}"),
    path("jump", "", "{D}/outside/{S}-jump/../{L}", "{S}/{L}"),
    path("name", "outside", "{L}.{X}", "outside/{L}.{X}"),
    path("relative", "", "{S}/{L}", "{S}/{L}"),
    path("dot", "{S}", "./{L}", "{S}/{L}"),
    path("up", "{S}/sub", "../{L}", "{S}/{L}"),
    path("up-and-down", "outside", "../{S}/{L}", "{S}/{L}"),
    path("folded", "", "{D}/outside/../{S}/sub/../{L}", "{S}/{L}"),
    path("slashes", "", "{D}//{S}///{L}", "{S}/{L}"),
    path("dots", "{S}", "{D}/./{S}/././{L}", "{S}/{L}"),
    path("beneath", "", "{D}/{S}/a/b/{L}", "{S}/a/b/{L}"),
    path("linked", "", "{D}/outside/{S}-into/{L}", "{S}/{L}"),
    path("linked-twice", "", "{D}/outside/{S}-twice/{L}", "{S}/{L}"),
    path("linked-relative", "outside", "{S}-into/{L}", "{S}/{L}"),
    path("jump-relative", "outside", "{S}-jump/../{L}", "{S}/{L}"),
    path("cwd-linked", "outside/{S}-jump", "../{L}", "{S}/{L}"),
    path("exit", "", "{D}/{S}/exit/{L}", "outside/{L}"),
    path("proc-cwd", "{S}", "/proc/self/cwd/{L}", "{S}/{L}"),
    path(
        "proc-thread-cwd",
        "{S}",
        "/proc/thread-self/cwd/{L}",
        "{S}/{L}",
    ),
    path("proc-pid-cwd", "{S}", "/proc/{P}/cwd/{L}", "{S}/{L}"),
    path("proc-root", "", "/proc/self/root{D}/{S}/{L}", "{S}/{L}"),
    Spot {
        name: "proc-fd",
        cwd: "outside",
        at: Some("{S}"),
        path: "/proc/self/fd/{F}/{L}",
        real: "{S}/{L}",
    },
    Spot {
        name: "dev-fd",
        cwd: "outside",
        at: Some("{S}"),
        path: "/dev/fd/{F}/../{S}/{L}",
        real: "{S}/{L}",
    },
    path(
        "name-absolute",
        "",
        "{D}/outside/{L}.{X}",
        "outside/{L}.{X}",
    ),
    path(
        "name-above",
        "",
        "{D}/outside/box.{X}/{L}",
        "outside/box.{X}/{L}",
    ),
    path("name-cwd", "outside/box.{X}", "{L}", "outside/box.{X}/{L}"),
    path("cwd-removed", "!{S}/gone", "../{L}", "{S}/{L}"),
];

/// More spellings for what is not there yet.
pub const NEW_SPOTS: &[Spot] = &[
    path("long", "{S}", "{L}{Z}", "{S}/{L}{Z}"),
    path("not-utf8", "", "{D}/{S}/{L}{B}", "{S}/{L}{B}"),
    path("newline", "", "{D}/{S}/{L}\n", "{S}/{L}\n"),
];

/// More spellings for calls that take a directory descriptor.
pub const AT_SPOTS: &[Spot] = &[
    at("dirfd", "{S}", "{L}"),
    at("dirfd-jump", "outside", "{S}-jump/../{L}"),
    at("dirfd-parent", "", "{S}/{L}"),
    at("dirfd-path-only", "^{S}", "{L}"),
    at("dirfd-up", "{S}/sub", "../{L}"),
    at("dirfd-ignored", "outside", "{D}/{S}/{L}"),
    at("dirfd-bogus", "#", "{D}/{S}/{L}"),
    at("dirfd-linked", "outside", "{S}-into/{L}"),
    at("dirfd-by-link", "outside/{S}-into", "{L}"),
    at("dirfd-dots", "{S}", ".//./{L}"),
];

/// Final components that are links, for calls that follow them.
pub const LINK_SPOTS: &[Spot] = &[
    path("link", "", "{D}/outside/{S}-{L}", "{S}/{L}"),
    path("link-relative", "outside", "{S}-{L}", "{S}/{L}"),
    path("link-again", "", "{D}/outside/{S}-again-{L}", "{S}/{L}"),
    path(
        "link-absolute",
        "",
        "{D}/outside/{S}-absolute-{L}",
        "{S}/{L}",
    ),
    path("link-name", "outside", "{S}-name-{L}", "outside/{L}.{X}"),
    path("out", "", "{D}/{S}/out-{L}", "outside/{L}"),
];

/// The first spellings of a list, for the twins of a call that has them all.
pub fn few(spots: &'static [Spot]) -> impl Iterator<Item = &'static Spot> + Clone {
    spots.iter().take(4)
}
