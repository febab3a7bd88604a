//! Where records go when that is no ordinary file, and what becomes of the program
//! when they cannot go there.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use umaskclamp_testkit::{Tree, Who, namespace};

/// A program of an ordinary user that says what it got, mode and all.
const TOUCH: &str = "
    umask 022
    as() { LD_PRELOAD=$SHIM setpriv --reuid 12345 --regid 12345 --clear-groups \"$@\"; }
    as touch secret/file
    as mkdir secret/dir
    stat -c '%n %a' secret/file secret/dir";

/// What [`TOUCH`] prints; its error output stays empty, and so it ends with 0.
fn goes_on(tree: &Tree, before: &str) {
    let done = namespace::script(&tree.root, &format!("{before}{TOUCH}"));
    assert_eq!(String::from_utf8_lossy(&done.stderr), "");
    assert_eq!(
        String::from_utf8_lossy(&done.stdout),
        "secret/file 600\nsecret/dir 700\n"
    );
    assert!(done.status.success(), "{}", done.status);
}

/// A directory for `/dev` in which the socket of syslog is the test's own.
const OWN_DEV: &str = "
    touch dev/null; mount --bind /dev/null dev/null; mount --rbind dev /dev
    export UMASKCLAMP_LOG_FILE=syslog:";

fn tree_with_dev() -> Tree {
    let tree = Tree::full(Who::User);
    fs::create_dir(tree.at("dev")).expect("mkdir");
    tree
}

fn received(socket: &UnixDatagram) -> String {
    let mut buffer = [0; 65536];
    let length = socket.recv(&mut buffer).expect("a record, within its time");
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}

fn listen(at: &Path) -> UnixDatagram {
    let socket = UnixDatagram::bind(at).expect("bind");
    fs::set_permissions(at, fs::Permissions::from_mode(0o666)).expect("chmod");
    // The record was sent before the program ended: this ends a test that fails,
    // and takes no time of one that does not.
    let limit = Some(Duration::from_secs(600));
    socket.set_read_timeout(limit).expect("a time limit");
    socket
}

#[test]
fn root_only_records_to_syslog() {
    if !namespace::possible() {
        return;
    }
    let tree = tree_with_dev();
    let socket = listen(&tree.at("dev/log"));
    goes_on(&tree, OWN_DEV);
    for (call, path, modes) in [
        ("open", "file", ["0666", "0600"]),
        ("mkdir", "dir", ["0777", "0700"]),
    ] {
        let text = received(&socket);
        // Facility user, level info, and the tag that syslogd takes for the name.
        let json = text.strip_prefix("<14>umaskclamp: ");
        let json = json.unwrap_or_else(|| panic!("{text}"));
        let record: Value = serde_json::from_str(json).expect("one line of JSON");
        assert_eq!(record["action"], "clamped", "{text}");
        assert_eq!(record["call"], call, "{text}");
        let expected = tree.at("secret").join(path);
        assert_eq!(record["path"], expected.to_str().expect("UTF-8"), "{text}");
        assert_eq!([&record["requested"], &record["applied"]], modes, "{text}");
    }
    socket.set_nonblocking(true).expect("nonblocking");
    let more = socket.recv(&mut [0; 16]).map_err(|error| error.kind());
    assert_eq!(more, Err(ErrorKind::WouldBlock), "one datagram a record");
}

#[test]
fn root_only_nobody_listens_to_syslog() {
    if !namespace::possible() {
        return;
    }
    goes_on(&tree_with_dev(), OWN_DEV);
    // Nobody reads any more; a datagram socket without a reader refuses.
    let tree = tree_with_dev();
    drop(listen(&tree.at("dev/log")));
    goes_on(&tree, OWN_DEV);
    // Somebody has it open and reads nothing: once full, it must not hold a
    // program that has other things to do.
    let tree = tree_with_dev();
    let socket = listen(&tree.at("dev/log"));
    let sender = UnixDatagram::unbound().expect("a socket");
    sender.set_nonblocking(true).expect("nonblocking");
    sender.connect(tree.at("dev/log")).expect("connect");
    let sent = (0..100_000).take_while(|_| sender.send(&[b'x'; 256]).is_ok());
    assert!(sent.count() > 0);
    goes_on(&tree, OWN_DEV);
    drop(socket);
}

#[test]
fn root_only_a_log_on_a_full_file_system() {
    if !namespace::possible() {
        return;
    }
    let tree = Tree::full(Who::User);
    // First as root, then as an ordinary user; in between there is room, and a record.
    goes_on(
        &tree,
        "mkdir full; mount -t tmpfs -o size=16k,mode=0777 tmpfs full
         dd if=/dev/zero of=full/rest bs=4k 2>/dev/null || :
         if sh -c 'echo x > full/probe' 2>/dev/null; then exit 9; fi
         export UMASKCLAMP_LOG_FILE=$PWD/full/log
         LD_PRELOAD=$SHIM touch secret/full
         test -e full/log; test ! -s full/log
         test \"$(stat -c %a secret/full)\" = 600
         rm full/rest; LD_PRELOAD=$SHIM touch secret/room; test -s full/log
         chown 12345 full/log; rm secret/full secret/room
         dd if=/dev/zero of=full/rest bs=4k 2>/dev/null || :",
    );
}

/// The records in `log`, each by these fields.
fn records(tree: &Tree, fields: [&str; 3]) -> Vec<[String; 3]> {
    let text = fs::read_to_string(tree.at("log")).expect("a log");
    let told = |line: &str| {
        let record: Value = serde_json::from_str(line).expect("one line of JSON");
        fields.map(|field| record[field].as_str().unwrap_or("-").to_owned())
    };
    text.lines().map(told).collect()
}

/// Runs a script of root's with `log` as the log.
fn logged(tree: &Tree, text: &str) {
    let text = format!("umask 022; export UMASKCLAMP_LOG_FILE=$PWD/log\n{text}");
    let done = namespace::script(&tree.root, &text);
    assert!(done.status.success(), "{done:?}");
}

/// What cannot find the library below a new root is recorded while the log is there: once,
/// and not for a root that is not entered, or where programs can be.
#[test]
fn root_only_a_program_behind_the_root_that_hides_the_log() {
    if !namespace::possible() {
        return;
    }
    let tree = Tree::full(Who::Root);
    logged(
        &tree,
        "mkdir jail; for f in /bin/sh $(ldd /bin/sh | grep -o '/[^ ]*'); do
             mkdir -p jail/${f%/*}; cp $f jail/$f
         done
         export LD_PRELOAD=$SHIM
         chroot nowhere /bin/sh || :; chroot log /bin/sh || :; chroot / /bin/true
         chroot jail /bin/sh -c umask > seen; chroot jail /bin/sh -c : 3<&-",
    );
    let jail = tree.at("jail").to_string_lossy().into_owned();
    let record = ["unreachable".to_owned(), "chroot".to_owned(), jail];
    let all = records(&tree, ["action", "call", "path"]);
    assert_eq!(all, [record.clone(), record], "one for each");
    let seen = fs::read_to_string(tree.at("seen")).expect("an umask");
    assert_eq!(seen, "0077\n");
}

/// A file system that takes every mode and keeps none.
#[test]
fn root_only_modes_that_are_not_kept() {
    if !namespace::possible() {
        return;
    }
    let tree = Tree::full(Who::Root);
    let mounted = namespace::script(
        &tree.root,
        "mkdir lower secret/m; bindfs --chmod-ignore --perms=a+rX lower secret/m",
    );
    if !mounted.status.success() {
        println!("left out: modes that are not kept: it takes /dev/fuse and package bindfs");
        return;
    }
    // The mount ended with its namespace.
    logged(
        &tree,
        "bindfs --chmod-ignore --perms=a+rX lower secret/m; cd secret/m
         LD_PRELOAD=$SHIM sh -ec 'echo x > new; mkdir dir; mkfifo fifo; echo x > new
             install -m 600 /dev/null narrow; chmod 644 new; touch ../../plain/new'
         cd ../..; umount secret/m",
    );
    let all = records(&tree, ["action", "applied", "reason"]);
    let failed = ["failed", "-", "the file system does not keep modes"].map(str::to_owned);
    assert!(all.len() >= 6, "{all:?}");
    for record in all {
        assert_eq!(record, failed);
    }
}

/// Subvolumes are directories that no call gives a mode.
#[test]
fn root_only_subvolumes_of_btrfs() {
    if !namespace::possible() {
        return;
    }
    let tree = Tree::full(Who::Root);
    let made = namespace::script(
        &tree.root,
        "truncate -s 128M image; mkfs.btrfs -q image; mkdir disk; mount -o loop image disk",
    );
    if !made.status.success() {
        println!("left out: btrfs: it takes a loop device and package btrfs-progs");
        return;
    }
    logged(
        &tree,
        "mount -o loop image disk; mkdir disk/secret disk/plain
         btrfs subvolume create disk/plain/origin
         export LD_PRELOAD=$SHIM UMASKCLAMP_PATTERNS=$PWD/disk/secret
         btrfs subvolume create disk/secret/new
         btrfs subvolume create disk/plain/new
         btrfs subvolume snapshot disk/plain/origin disk/secret/copy
         btrfs subvolume snapshot disk/plain/origin disk/plain/copy
         btrfs subvolume snapshot -r disk/plain/origin disk/secret/fixed
         ! btrfs subvolume create disk/secret/new 2>/dev/null
         setfacl -d -m u:nobody:rwx disk/secret && btrfs subvolume create disk/secret/acl
         cd disk; stat -c '%n %a' secret/new secret/copy secret/acl plain/new plain/copy > ../seen",
    );
    let seen = fs::read_to_string(tree.at("seen")).expect("modes");
    let narrow = ["new", "copy", "acl"].map(|name| format!("secret/{name} 700\n"));
    let wide = ["new", "copy"].map(|name| format!("plain/{name} 755\n"));
    assert_eq!(seen, narrow.concat() + &wide.concat());
    let all = records(&tree, ["action", "requested", "applied"]);
    let told = |record: &[&str; 3]| all.contains(&record.map(str::to_owned));
    assert!(told(&["clamped", "0777", "0700"]), "{all:?}");
    assert!(told(&["tightened", "0755", "0700"]), "{all:?}");
    assert!(told(&["failed", "0755", "-"]), "for reading only: {all:?}");
}
