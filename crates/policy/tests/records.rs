//! Records: valid JSON and one line, whatever bytes they are about.

use proptest::prelude::*;
use serde_json::Value;
use umaskclamp_policy::record::{Action, Identity, Record, Time};
use umaskclamp_policy::settings::Level;

const ACTIONS: &[(Action, &str, Level)] = &[
    (Action::Clamped, "clamped", Level::Info),
    (Action::Tightened, "tightened", Level::Info),
    (Action::WouldClamp, "would-clamp", Level::Info),
    (Action::WouldTighten, "would-tighten", Level::Info),
    (Action::Unreachable, "unreachable", Level::Warn),
    (Action::Refused, "refused", Level::Warn),
    (Action::WouldRefuse, "would-refuse", Level::Warn),
    (Action::Dropped, "dropped", Level::Warn),
    (Action::Failed, "failed", Level::Error),
    (Action::Verdict, "verdict", Level::Debug),
];

fn example() -> Record<'static> {
    Record {
        time: Time {
            seconds: 1_709_210_096,
            micros: 42,
        },
        pid: 1234,
        program: b"tar",
        call: "openat",
        path: b"/var/backups/x.tgz",
        requested: Some(0o100_666),
        applied: Some(0o600),
        inode: None,
        rule: Some(b"/var/backups"),
        action: Action::Clamped,
        reason: "",
    }
}

fn json(record: &Record, room: usize) -> String {
    let mut out = vec![0; room];
    let length = record.json(&mut out);
    String::from_utf8(out[..length].to_vec()).unwrap()
}

fn line(record: &Record, room: usize) -> String {
    let mut out = vec![0; room];
    let length = record.line(&mut out);
    String::from_utf8(out[..length].to_vec()).unwrap()
}

#[test]
fn exact_forms() {
    assert_eq!(
        json(&example(), 4096),
        "{\"v\":1,\"time\":\"2024-02-29T12:34:56.000042Z\",\"level\":\"info\",\"pid\":1234,\
         \"program\":\"tar\",\"call\":\"openat\",\"action\":\"clamped\",\
         \"path\":\"/var/backups/x.tgz\",\"requested\":\"0666\",\"applied\":\"0600\",\
         \"rule\":\"/var/backups\",\"reason\":\"\"}\n"
    );
    assert_eq!(
        line(&example(), 4096),
        "umaskclamp: 2024-02-29T12:34:56.000042Z info tar[1234] openat clamped \
         0666 -> 0600 \"/var/backups/x.tgz\" by \"/var/backups\"\n"
    );
    let unreachable = Record {
        path: b"/usr/bin/\xffrclone\n",
        requested: None,
        applied: None,
        rule: None,
        action: Action::Unreachable,
        reason: "statically linked",
        ..example()
    };
    assert_eq!(
        json(&unreachable, 4096),
        "{\"v\":1,\"time\":\"2024-02-29T12:34:56.000042Z\",\"level\":\"warn\",\"pid\":1234,\
         \"program\":\"tar\",\"call\":\"openat\",\"action\":\"unreachable\",\
         \"path\":\"/usr/bin/\u{fffd}rclone\\n\",\
         \"path_hex\":\"2f7573722f62696e2fff72636c6f6e650a\",\"requested\":null,\
         \"applied\":null,\"rule\":null,\"reason\":\"statically linked\"}\n"
    );
    assert_eq!(
        line(&unreachable, 4096),
        "umaskclamp: 2024-02-29T12:34:56.000042Z warn tar[1234] openat unreachable \
         \"/usr/bin/\\xffrclone\\n\": statically linked\n"
    );
}

#[test]
fn every_action_has_its_word_and_level() {
    for &(action, word, level) in ACTIONS {
        let record = Record {
            action,
            ..example()
        };
        let value: Value = serde_json::from_str(&json(&record, 4096)).unwrap();
        assert_eq!(value["action"], word);
        assert_eq!(value["level"], level.word());
    }
}

#[test]
fn a_record_that_does_not_fit_is_cut_and_stays_json() {
    let path = "/a-long-ä-name".repeat(400);
    let record = Record {
        path: path.as_bytes(),
        ..example()
    };
    let whole = json(&record, 65_536).len();
    for room in [300, 512, 4096, whole - 1] {
        let text = json(&record, room);
        assert!(text.len() <= room && text.len() + 3 > room, "{room}");
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["cut"], true);
        let shown = value["path"].as_str().unwrap();
        assert!(path.starts_with(shown) && !shown.contains('\u{fffd}'));
        assert!(value.get("path_hex").is_none());
        assert_eq!(value["rule"], "/var/backups");
        let text = line(&record, room);
        let end = if room < 4097 {
            "…\" by \"/var/backups\"\n"
        } else {
            "\n"
        };
        assert!(text.len() <= room && text.ends_with(end));
    }
    let value: Value = serde_json::from_str(&json(&record, whole)).unwrap();
    assert!(value.get("cut").is_none());
    assert_eq!(value["path"], path.as_str());
}

#[test]
fn a_rule_that_does_not_fit_is_cut_too() {
    let rule = [b'r'; 5000];
    let record = Record {
        rule: Some(&rule),
        ..example()
    };
    let text = json(&record, 512);
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&value["cut"], &value["path"]), (&true.into(), &"".into()));
    assert!(value["rule"].as_str().unwrap().len() > 200);
    assert_eq!(json(&record, 100), "");
    assert_eq!(line(&record, 50), "");
    assert_eq!(record.json(&mut []), 0);
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..60),
        any::<String>().prop_map(String::into_bytes),
        prop::collection::vec(
            prop::sample::select(vec![
                "\"",
                "\\",
                "\n",
                "\u{1b}[31m",
                "\u{7f}",
                "\u{85}",
                "\u{202e}",
                "\u{2028}",
                "\u{2066}",
                "\u{fffd}",
                "ä",
                "a",
                "/",
            ]),
            0..20
        )
        .prop_map(|parts| parts.concat().into_bytes()),
    ]
}

/// Nothing that a terminal acts on, and no second line.
fn harmless(text: &str) -> bool {
    let Some(line) = text.strip_suffix('\n') else {
        return false;
    };
    line.chars().all(|c| {
        !c.is_control()
            && !matches!(u32::from(c), 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn any_bytes_make_one_valid_record(
        path in bytes(),
        program in bytes(),
        rule in prop::option::of(bytes()),
        modes in prop::option::of((any::<u32>(), any::<u32>())),
        time in (any::<u64>(), any::<u32>()),
        inode in (any::<u64>(), any::<u64>(), any::<u32>())
            .prop_map(|(device, inode, owner)| Identity { device, inode, owner }),
        pid: u32,
        action in prop::sample::select(ACTIONS),
        room in 256usize..6000,
    ) {
        let record = Record {
            time: Time { seconds: time.0, micros: time.1 },
            pid,
            program: &program,
            call: "openat",
            path: &path,
            requested: modes.map(|m| m.0),
            applied: modes.map(|m| m.1),
            inode: (room >= 340).then_some(inode),
            rule: rule.as_deref(),
            action: action.0,
            reason: "a reason",
        };
        let text = json(&record, room);
        prop_assert!(harmless(&text), "{:?}", text);
        let value: Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(value["pid"].as_u64(), Some(u64::from(pid)));
        if room >= 340 {
            prop_assert_eq!(value["device"].as_u64(), Some(inode.device));
            prop_assert_eq!(value["inode"].as_u64(), Some(inode.inode));
            prop_assert_eq!(value["owner"].as_u64(), Some(u64::from(inode.owner)));
        }
        if value.get("cut").is_none() {
            prop_assert_eq!(value["path"].as_str().unwrap(), String::from_utf8_lossy(&path));
            prop_assert_eq!(value["program"].as_str().unwrap(), String::from_utf8_lossy(&program));
            let shown = rule.as_deref().map(String::from_utf8_lossy);
            prop_assert_eq!(value["rule"].as_str(), shown.as_deref());
            let lossless = match value.get("path_hex") {
                Some(hex) => unhex(hex.as_str().unwrap()),
                None => value["path"].as_str().unwrap().as_bytes().to_vec(),
            };
            prop_assert_eq!(lossless, &path[..]);
            let octal = modes.map(|m| format!("{:04o}", m.0 & 0o7777));
            prop_assert_eq!(value["requested"].as_str(), octal.as_deref());
        }
        let text = line(&record, room);
        prop_assert!(harmless(&text), "{:?}", text);
        prop_assert!(text.contains(action.1));
    }
}

fn unhex(text: &str) -> Vec<u8> {
    assert_eq!(text.len() % 2, 0);
    (0..text.len() / 2)
        .map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
        .collect()
}
