//! The table: which call, with which arguments, at which place, on which side.
//!
//! A row is data. The same table is read by the tests, which judge, and by the
//! program `doors`, which carries a row out by looking its symbols up with
//! dlsym(3), so that any symbol of libc is reached just as a program's own
//! reference to it would be, through the preload.

mod arrive;
mod by_number;
mod create;
mod existing;
mod failing;
mod inside;
mod other;
mod single;
mod single_moves;
mod spots;
mod streams;
mod widen;

pub use by_number::number;
pub use spots::{AT_SPOTS, LINK_SPOTS, PATH_SPOTS, Spot};

/// Where a step's argument comes from. Texts are templates, see [`Row::expand`].
#[derive(Clone, Debug)]
pub enum Arg {
    /// The row's path.
    Path,
    /// The row's directory descriptor, `AT_FDCWD` if its spot has none.
    Dir,
    /// A number.
    Num(i64),
    /// A string.
    Text(String),
    /// A null pointer.
    Null,
    /// The address 8, as a program's own null dereference would give.
    Eight,
    /// A page that is mapped without any right.
    Hole,
    /// A string that runs without a NUL into such a page.
    Edge,
    /// A descriptor that is opened beforehand: flags, path.
    Open(i32, String),
    /// A stream that is opened beforehand: mode, path.
    Stream(&'static str, String),
    /// Bytes, such as an ACL or a structure.
    Data(Vec<u8>),
    /// A zeroed buffer of 4 KiB, the same one for every step that names it.
    Slot(usize),
    /// What the step of this number returned.
    Result(usize),
    /// A `sockaddr_un` with the row's path.
    Address,
    /// The program's environment, as a list of strings.
    Environ,
    /// A list of arguments for another program.
    Argv(Vec<String>),
}

/// How to read a result, and what to look at when it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ret {
    /// A number; -1 is a failure.
    Int,
    /// A number that is an error by itself, as of posix_spawn(3).
    Code,
    /// A descriptor: its flags are looked at and a line is written to it.
    Fd,
    /// A descriptor that the next steps need: only its flags are looked at.
    Kept,
    /// A stream.
    File,
    /// A pointer.
    Pointer,
    /// Nothing.
    Void,
    /// The id in [`Arg::Slot`] 0 is a child to wait for; else as `Code`.
    Child,
}

/// One call.
#[derive(Clone, Debug)]
pub struct Step {
    pub call: String,
    pub args: Vec<Arg>,
    pub ret: Ret,
}

/// Makes a step.
pub fn step(call: &str, args: impl Into<Vec<Arg>>, ret: Ret) -> Step {
    Step {
        call: call.to_owned(),
        args: args.into(),
        ret,
    }
}

/// A number argument.
pub fn n(value: impl Into<i64>) -> Arg {
    Arg::Num(value.into())
}

/// A text argument.
pub fn t(text: &str) -> Arg {
    Arg::Text(text.to_owned())
}

/// What the rights of a row's caller must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    Nothing,
    /// Only root may do it.
    Root,
    /// Root may do it always; to see it fail takes somebody else.
    NotRoot,
}

/// What must not differ from the bare run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Same {
    /// Everything: facts, every mode at every instant, what is written.
    All,
    /// Facts and names; modes at sensitive places are clamped.
    Facts,
}

/// One row of the table.
#[derive(Clone, Debug)]
pub struct Row {
    /// Unique: family, call, place, variant.
    pub name: String,
    pub family: &'static str,
    pub steps: Vec<Step>,
    pub spot: Spot,
    /// `secret` or `plain`.
    pub side: &'static str,
    /// The last component of the path: `new`, `wide` or `narrow`.
    pub leaf: &'static str,
    /// The umask of the program.
    pub umask: u32,
    /// The parents have a default ACL that gives everybody everything.
    pub acl: bool,
    /// Others may give names in all directories.
    pub shared: bool,
    pub needs: Needs,
    pub same: Same,
}

impl Row {
    /// A row on the sensitive side with a file that is not there yet.
    pub fn new(family: &'static str, spot: &Spot, steps: Vec<Step>) -> Row {
        let call = steps.last().map(|s| s.call.as_str()).unwrap_or_default();
        Row {
            name: format!("{family}/{call}/{}", spot.name),
            family,
            spot: spot.clone(),
            side: "secret",
            leaf: "new",
            umask: 0o022,
            acl: false,
            shared: false,
            needs: Needs::Nothing,
            same: Same::Facts,
            steps,
        }
    }

    pub fn tag(mut self, tag: &str) -> Row {
        self.name = format!("{}/{tag}", self.name);
        self
    }

    pub fn leaf(mut self, leaf: &'static str) -> Row {
        self.leaf = leaf;
        self
    }

    pub fn umask(mut self, umask: u32) -> Row {
        self.umask = umask;
        self
    }

    pub fn acl(mut self) -> Row {
        self.acl = true;
        self
    }

    /// The same row where others may give names in all directories. Only who runs
    /// it looks at that: `doors` does not.
    pub fn shared(mut self) -> Row {
        self.shared = true;
        self
    }

    pub fn needs(mut self, needs: Needs) -> Row {
        self.needs = needs;
        self
    }

    /// The same row with a name of its own, judged by its facts alone.
    pub fn family(mut self, family: &'static str) -> Row {
        self.name = self.name.replacen(self.family, family, 1);
        self.family = family;
        self
    }

    /// The same row on the plain side, where nothing may differ.
    pub fn plain(mut self) -> Row {
        self.name = format!("{}@plain", self.name);
        self.side = "plain";
        self.same = Same::All;
        self
    }

    /// The name ending that stands for the row's side.
    pub fn end(&self) -> &'static str {
        if self.side == "secret" { "iso" } else { "txt" }
    }

    /// `{S}` side, `{X}` ending, `{L}` leaf, `{Z}` as many letters as a name
    /// of 255 bytes needs after the leaf, `{B}` a byte that is not UTF-8, and
    /// what `more` knows.
    pub fn expand(&self, template: &str, more: &[(&str, Vec<u8>)]) -> Vec<u8> {
        let mut known: Vec<(&str, Vec<u8>)> = vec![
            ("{S}", self.side.into()),
            ("{X}", self.end().into()),
            ("{L}", self.leaf.into()),
            ("{Z}", "z".repeat(255 - self.leaf.len()).into()),
            ("{B}", vec![0xff]),
        ];
        known.extend_from_slice(more);
        let mut out = Vec::new();
        let mut rest = template.as_bytes();
        while let Some(first) = rest.first() {
            match known
                .iter()
                .find(|(key, _)| rest.starts_with(key.as_bytes()))
            {
                Some((key, value)) => {
                    out.extend_from_slice(value);
                    rest = &rest[key.len()..];
                }
                None => {
                    out.push(*first);
                    rest = &rest[1..];
                }
            }
        }
        out
    }

    /// Whether the row sets a default ACL.
    pub fn sets_default(&self) -> bool {
        let named = |arg: &Arg| matches!(arg, Arg::Text(text) if text == crate::acl::DEFAULT);
        self.steps.iter().any(|step| step.args.iter().any(named))
    }

    /// Where the row acts, below the tree.
    pub fn target(&self) -> Vec<u8> {
        self.expand(self.spot.real, &[])
    }
}

type Family = (&'static str, fn() -> Vec<Row>);

/// The families of rows that the shim must clamp.
const ENFORCE: [Family; 7] = [
    ("create", create::rows),
    ("widen", widen::rows),
    ("arrive", arrive::rows),
    ("existing", existing::rows),
    ("other", other::rows),
    ("inside", inside::rows),
    ("number", by_number::rows),
];

/// The families that exist for transparency only.
const TRANSPARENT: [Family; 2] = [("failing", failing::rows), ("stream", streams::rows)];

/// Every row that the shim must clamp.
pub fn enforce() -> Vec<Row> {
    ENFORCE.iter().flat_map(|(_, rows)| rows()).collect()
}

/// Every row in which nothing may differ.
pub fn transparent() -> Vec<Row> {
    let mirrored = enforce().into_iter().map(Row::plain);
    mirrored
        .chain(TRANSPARENT.iter().flat_map(|(_, rows)| rows()))
        .collect()
}

/// The row of this name. Makes no other family than the one that it is of:
/// `doors` is started too often to make the whole table each time.
pub fn find(name: &str) -> Option<Row> {
    let (family, _) = name.split_once('/')?;
    if let Some((_, rows)) = ENFORCE.iter().find(|(key, _)| *key == family) {
        let mirrored = name.ends_with("@plain");
        let mut rows = rows().into_iter();
        let row = rows.find(|row| row.name == name.trim_end_matches("@plain"))?;
        return Some(if mirrored { row.plain() } else { row });
    }
    let (_, rows) = TRANSPARENT.iter().find(|(key, _)| *key == family)?;
    rows().into_iter().find(|row| row.name == name)
}
