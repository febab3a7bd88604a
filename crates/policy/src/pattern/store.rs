//! What patterns become: flat tables that are searched without allocation.

use super::glob;
use crate::path::step;
use crate::rule::{Kind, Origin};
use alloc::borrow::Cow;

/// A piece of the store's bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Span {
    pub start: u32,
    pub len: u32,
}

/// One component of a pattern.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    pub shape: Shape,
    pub text: Span,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    /// This very name.
    Literal,
    /// A name that begins so: `id_rsa*`.
    Prefix,
    /// A name that ends so: `*.iso`.
    Suffix,
    /// Any name: `*`.
    Any,
    /// Anything else within one component, as [`glob`] reads it.
    Glob,
    /// Any number of components: `**` between others.
    Depth,
}

/// One alternative of a rule's pattern.
///
/// It matches a path if it matches the path or an ancestor of it, so the
/// shortest beginning of the path that it matches is all that counts: a `**`
/// at the end says no more there than a `*`, and is stored as one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Alternative {
    pub rule: u32,
    /// The components that the path begins with, as `/var/lib`: empty for an
    /// alternative at any depth, and for the root.
    pub head: Span,
    /// The components behind the head.
    pub first: u32,
    pub count: u32,
    /// Whether it begins at the root.
    pub anchored: bool,
    /// Whether only directories match it.
    pub directory: bool,
}

impl Alternative {
    /// A single component at any depth.
    pub fn is_name(&self) -> bool {
        !self.anchored && self.count == 1
    }
}

/// A rule as it is stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub text: Span,
    /// Its alternatives end where those of the next rule begin.
    pub first: u32,
    pub number: u32,
    pub origin: Origin,
    pub protects: bool,
    pub homeless: bool,
}

/// Borrowed if it was made when this was compiled.
#[derive(Debug, Default)]
pub(crate) struct Store {
    pub bytes: Cow<'static, [u8]>,
    pub segments: Cow<'static, [Segment]>,
    pub alternatives: Cow<'static, [Alternative]>,
}

impl Store {
    /// Bytes that it takes.
    pub fn size(&self) -> usize {
        size_of_val(&*self.bytes)
            .saturating_add(size_of_val(&*self.segments))
            .saturating_add(size_of_val(&*self.alternatives))
    }

    pub fn text(&self, span: Span) -> &[u8] {
        let start = span.start as usize;
        self.bytes
            .get(start..start.saturating_add(span.len as usize))
            .unwrap_or_default()
    }

    pub fn push(&mut self, bytes: &[u8]) -> Span {
        let start = self.bytes.len() as u32;
        self.bytes.to_mut().extend_from_slice(bytes);
        self.since(start)
    }

    /// The bytes from `start` to the end.
    pub fn since(&self, start: u32) -> Span {
        Span {
            start,
            len: (self.bytes.len() as u32).saturating_sub(start),
        }
    }

    pub fn segments(&self, alternative: &Alternative) -> &[Segment] {
        let first = alternative.first as usize;
        self.segments
            .get(first..first.saturating_add(alternative.count as usize))
            .unwrap_or_default()
    }

    pub fn matches_name(&self, segment: &Segment, name: &[u8]) -> bool {
        let text = self.text(segment.text);
        match segment.shape {
            Shape::Literal => name == text,
            Shape::Prefix => name.starts_with(text),
            Shape::Suffix => name.ends_with(text),
            Shape::Any => true,
            Shape::Glob => glob::matches(text, name),
            Shape::Depth => false,
        }
    }

    /// Whether `alternative` matches the folded `path` or an ancestor of it.
    pub fn matches(&self, alternative: &Alternative, path: &[u8], kind: Kind) -> bool {
        let head = self.text(alternative.head);
        let segments = self.segments(alternative);
        let rest = if !alternative.anchored {
            path
        } else if head.is_empty() && segments.is_empty() {
            // The root: every path lies below it, known in full or not.
            return true;
        } else {
            match path.strip_prefix(head) {
                Some(rest) if matches!(rest.first(), None | Some(b'/')) => rest,
                _ => return false,
            }
        };
        if alternative.anchored && path.first() != Some(&b'/') {
            return false;
        }
        match self.shortest(segments, rest, alternative.anchored) {
            // What is left of the path lies beneath what matched, which is
            // therefore a directory.
            Some(left) => !alternative.directory || kind == Kind::Directory || step(left).is_some(),
            None => false,
        }
    }

    /// What is left of `path` behind the shortest beginning of it that
    /// `segments` match. Between two `**`, the first place that fits is as
    /// good as any later one, so nothing is ever tried again.
    fn shortest<'p>(
        &self,
        segments: &[Segment],
        path: &'p [u8],
        anchored: bool,
    ) -> Option<&'p [u8]> {
        let mut rest = path;
        let mut anywhere = !anchored;
        for block in segments.split(|segment| segment.shape == Shape::Depth) {
            loop {
                if let Some(left) = self.block(block, rest) {
                    rest = left;
                    break;
                }
                if !anywhere {
                    return None;
                }
                (_, rest) = step(rest)?;
            }
            anywhere = true;
        }
        Some(rest)
    }

    fn block<'p>(&self, block: &[Segment], path: &'p [u8]) -> Option<&'p [u8]> {
        let mut rest = path;
        for segment in block {
            let (name, left) = step(rest)?;
            if !self.matches_name(segment, name) {
                return None;
            }
            rest = left;
        }
        Some(rest)
    }
}
