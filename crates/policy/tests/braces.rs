//! What braces cost: every process of a job reads the list anew, into memory that it
//! never gives back.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use umaskclamp_policy::rules::Rules;

/// Bytes that were ever asked for.
static ASKED: AtomicUsize = AtomicUsize::new(0);

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

// SAFETY: the system's allocator does what is asked of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ASKED.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(block, layout) }
    }
}

/// Bytes that reading this list asks for, and whether it is accepted.
fn cost(list: &str) -> (usize, bool) {
    let before = ASKED.load(Ordering::Relaxed);
    let accepted = Rules::from_file(list.as_bytes(), Some(b"/root")).is_ok();
    (ASKED.load(Ordering::Relaxed) - before, accepted)
}

#[test]
fn a_list_with_braces_costs_little_or_is_refused() {
    const MEGABYTE: usize = 1 << 20;
    let ten = format!("/srv/{}\n", "{a,b}".repeat(10));
    let nested = "/srv/{a,b{c,d{e,f{g,h{i,j}}}}}{k,l{m,n}}/*.{x,y,z{,1,2,3}}\n";
    let deep = "{a,".repeat(10) + "b" + &"}".repeat(10) + "\n";
    let suffixes: String = (0..1000).map(|n| format!("{n},")).collect();
    let broad = format!("*.{{{suffixes}}}\n");
    for list in [&ten, nested, &deep, &broad] {
        let (bytes, accepted) = cost(list);
        assert!(accepted && bytes < MEGABYTE, "{list}: {bytes} bytes");
    }
    // Twenty such patterns, and alternatives that are a line long.
    let long = format!("/srv/{}{}\n", "*/".repeat(2000), "{a,b}".repeat(10));
    for list in [&ten.repeat(20), &long, &long.replace('*', "d")] {
        let (bytes, accepted) = cost(list);
        assert!(!accepted && bytes < 4 * MEGABYTE, "{list}: {bytes} bytes");
    }
    // Without braces a list is as long as it is written.
    let names: String = (0..20_000).map(|n| format!("{n}\n")).collect();
    assert!(cost(&names).1);
}
