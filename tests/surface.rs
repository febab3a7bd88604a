//! The table of symbols against the libc that is running and the library that was
//! built: a twin that was forgotten, or a new glibc, makes this speak.

use std::collections::BTreeSet;
use std::fs;

use object::{Object, ObjectSymbol};
use syscalls::Sysno;
use umaskclamp_policy::surface::{SYMBOLS, Symbol, Treatment, symbol};
use umaskclamp_testkit::rows;

/// Functions in the dynamic symbol table of a shared object.
fn functions(path: &str) -> BTreeSet<String> {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let file = object::File::parse(&*bytes).expect("an ELF file");
    file.dynamic_symbols()
        .filter(|symbol| symbol.is_definition() && symbol.kind() == object::SymbolKind::Text)
        .filter_map(|symbol| symbol.name().ok().map(String::from))
        .collect()
}

/// The functions of the libc that this test runs with.
fn libc_functions() -> BTreeSet<String> {
    let maps = fs::read_to_string("/proc/self/maps").expect("/proc is mounted");
    let libc = maps
        .lines()
        .filter_map(|line| line.split_whitespace().nth(5))
        .find(|path| path.ends_with("/libc.so.6"))
        .expect("libc.so.6 is mapped");
    functions(libc)
}

fn exports() -> BTreeSet<String> {
    let shim = umaskclamp_testkit::shim();
    functions(shim.to_str().expect("a path in UTF-8"))
}

/// Spellings under which libc offers the same function again.
fn twins(name: &str) -> Vec<String> {
    let bare = name
        .trim_start_matches("_IO_")
        .trim_start_matches("__")
        .trim_end_matches("64")
        .trim_end_matches("_2");
    let mut twins = Vec::new();
    for stem in [bare.to_string(), format!("{bare}64"), format!("{bare}at")] {
        for suffix in ["", "_2", "64", "64_2"] {
            for prefix in ["", "__", "_IO_", "f", "l", "__x"] {
                twins.push(format!("{prefix}{stem}{suffix}"));
            }
        }
    }
    twins
}

/// Parts of a name that suggest a creation, a change of mode or of name, or the
/// start of a program.
const SUGGESTIVE: &[&str] = &[
    "open",
    "creat",
    "mkdir",
    "mknod",
    "mkfifo",
    "temp",
    "tmp",
    "chmod",
    "rename",
    "link",
    "xattr",
    "exec",
    "spawn",
    "trunc",
    "system",
    "syscall",
    "root",
    "mount",
    "bind",
    "setns",
    "unshare",
    "_acl",
    "uring",
    "handle_at",
];

/// Names with such a part that were looked at and have nothing to do with inodes;
/// `*` at the end stands for any ending.
const REVIEWED: &[(&str, &[&str])] = &[
    (
        "makes something that is no file",
        &[
            "__libc_alloc_buffer_create_failure",
            "__nptl_create_event",
            "__pthread_key_create",
            "argz_create",
            "argz_create_sep",
            "epoll_create",
            "epoll_create1",
            "hcreate",
            "hcreate_r",
            "pthread_key_create",
            "timer_create",
            "timerfd_create",
            "tss_create",
            "create_module",
            "__gconv_create_spec",
            "pthread_cond_destroy",
        ],
    ),
    (
        "SunRPC: handles, and sockets without a path",
        &[
            "__libc_clntudp_bufcreate",
            "__rpc_thread_createerr",
            "authdes_create",
            "authdes_pk_create",
            "authnone_create",
            "authunix_create",
            "authunix_create_default",
            "clnt_create",
            "clnt_pcreateerror",
            "clnt_spcreateerror",
            "clntraw_create",
            "clnttcp_create",
            "clntudp_bufcreate",
            "clntudp_create",
            "clntunix_create",
            "svcfd_create",
            "svcraw_create",
            "svctcp_create",
            "svcudp_bufcreate",
            "svcudp_create",
            "svcerr_systemerr",
            "xdrmem_create",
            "xdrrec_create",
            "xdrstdio_create",
        ],
    ),
    (
        "attributes of mutexes and of children to be spawned",
        &[
            "pthread_mutexattr_*",
            "__pthread_mutexattr_*",
            "posix_spawnattr_*",
        ],
    ),
    (
        "says what is wrong with a message of netlink",
        &["__netlink_assert_response"],
    ),
    (
        "reads a link or an attribute",
        &[
            "__readlink_chk",
            "__readlinkat_chk",
            "readlink",
            "readlinkat",
            "getxattr",
            "lgetxattr",
            "fgetxattr",
            "listxattr",
            "llistxattr",
            "flistxattr",
        ],
    ),
    (
        "lists of streams and of unwinding frames",
        &[
            "_IO_link_in",
            "_IO_un_link",
            "__libc_unwind_link_get",
            "_thread_db_link_map_l_tls_modid",
        ],
    ),
    (
        "message catalogues and regular expressions",
        &[
            "bindtextdomain",
            "bind_textdomain_codeset",
            "_nl_domain_bindings",
            "re_exec",
            "regexec",
        ],
    ),
    (
        "opens a directory to read it, from a descriptor",
        &["fdopendir", "rexecoptions"],
    ),
    (
        "takes a name away",
        &["shm_unlink", "sem_unlink", "mq_unlink"],
    ),
    (
        "takes a process's memory or time",
        &["process_madvise", "getutmp", "getutmpx"],
    ),
];

fn is_reviewed(name: &str) -> bool {
    let fits = |entry: &&str| match entry.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == *entry,
    };
    REVIEWED.iter().any(|(_, names)| names.iter().any(&fits))
}

#[test]
fn every_twin_of_an_interposed_symbol_is_in_the_table() {
    let libc = libc_functions();
    let missing: BTreeSet<String> = SYMBOLS
        .iter()
        .filter(|symbol| symbol.treatment.interposed())
        .flat_map(|entry| twins(entry.name))
        .filter(|twin| libc.contains(twin) && symbol(twin).is_none() && !is_reviewed(twin))
        .collect();
    assert!(missing.is_empty(), "twins without an entry: {missing:?}");
}

#[test]
fn no_function_of_libc_with_a_suggestive_name_is_unknown() {
    let unknown: Vec<String> = libc_functions()
        .into_iter()
        .filter(|name| SUGGESTIVE.iter().any(|part| name.contains(part)))
        .filter(|name| symbol(name).is_none() && !is_reviewed(name))
        .collect();
    assert!(
        unknown.is_empty(),
        "look at these, then add them: {unknown:?}"
    );
}

/// `openat2` is a hook only where libc has it (glibc 2.43 on): a program that asks
/// for the symbol is told what plain libc would tell it.
fn exports_the_table(exports: &BTreeSet<String>, openat2: bool) {
    let table: BTreeSet<String> = SYMBOLS
        .iter()
        .filter(|symbol| symbol.exported())
        .filter(|symbol| symbol.name != "openat2" || openat2)
        .map(|symbol| symbol.name.to_string())
        .collect();
    let extra: Vec<_> = exports.difference(&table).collect();
    let missing: Vec<_> = table.difference(exports).collect();
    assert!(extra.is_empty(), "exported but not in the table: {extra:?}");
    assert!(
        missing.is_empty(),
        "in the table but not exported: {missing:?}"
    );
}

#[test]
fn the_library_exports_the_interposed_symbols_and_nothing_else() {
    exports_the_table(&exports(), libc_functions().contains("openat2"));
}

#[test]
fn where_libc_has_openat2_the_library_exports_it_too() {
    let shim = umaskclamp_testkit::artefact::shim_with_openat2();
    let exports = functions(shim.to_str().expect("a path in UTF-8"));
    exports_the_table(&exports, true);
}

#[test]
fn no_symbol_stands_twice_in_the_table() {
    let mut seen = BTreeSet::new();
    for symbol in SYMBOLS {
        assert!(seen.insert(symbol.name), "{} stands twice", symbol.name);
    }
}

/// By its number a program must reach what it reaches by the symbol.
#[test]
#[cfg(target_arch = "x86_64")] // It has all the old numbers.
fn what_the_kernel_has_under_the_same_name_has_its_number_in_the_table() {
    // By these names there are numbers on other machines.
    let elsewhere = ["truncate64", "umount"];
    for symbol in SYMBOLS.iter().filter(|one| one.treatment.interposed()) {
        let has = symbol.name.parse::<Sysno>().is_ok() || elsewhere.contains(&symbol.name);
        assert_eq!(symbol.numbered, has, "{}", symbol.name);
    }
}

/// That these rows leak bare and not under the library, `enforce_by_number` sees. What has a
/// number and no row in the library does not compile.
#[test]
fn each_number_that_makes_or_widens_something_is_tested_by_number() {
    let tested: BTreeSet<String> = rows::enforce()
        .iter()
        .flat_map(|row| &row.steps)
        .filter(|step| step.call == "syscall")
        .map(|step| format!("{:?}", step.args[0]))
        .collect();
    let others = [
        "ioctl",      // of btrfs: tests/mounts.rs
        "setxattrat", // takes a pointer to a pointer
    ];
    let acts = |symbol: &&Symbol| {
        let watched = matches!(symbol.treatment, Treatment::Watch | Treatment::Reinject);
        symbol.numbered && !watched && symbol.treatment != Treatment::Refuse
    };
    for symbol in SYMBOLS.iter().filter(acts) {
        if let Some(number) = rows::number(symbol.name) {
            let row = tested.contains(&format!("{:?}", rows::n(number)));
            assert!(
                row || others.contains(&symbol.name),
                "no row of {}",
                symbol.name
            );
        }
    }
}
