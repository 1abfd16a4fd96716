//! The project's own rules, as a test: who may depend on whom, where `unsafe` may stand, no binary
//! fractions, no dead links.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::{Path, PathBuf};

const CRATES: [&str; 7] = [
    "benches",
    "codecs",
    "feedd",
    "ringbuf",
    "storage",
    "tools",
    "tools/venue-sim",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .unwrap()
}

/// Files below `dir` with the given ending, build output aside.
fn files(dir: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
    {
        let hidden = entry
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if entry.is_dir() && !hidden && entry.file_name().is_some_and(|name| name != "target") {
            found.extend(files(&entry, ending));
        } else if entry
            .extension()
            .is_some_and(|extension| extension == ending)
        {
            found.push(entry);
        }
    }
    found
}

fn sources() -> Vec<(String, String)> {
    let root = root();
    let relative = |path: &Path| {
        path.strip_prefix(&root)
            .unwrap()
            .to_string_lossy()
            .into_owned()
    };
    let all = CRATES.iter().flat_map(|name| files(&root.join(name), "rs"));
    let mut all: Vec<(String, String)> = all
        .map(|path| (relative(&path), fs::read_to_string(&path).unwrap()))
        .collect();
    all.sort();
    all.dedup();
    assert!(
        all.len() > 100,
        "only {} sources found: the test looks in the wrong place",
        all.len()
    );
    all
}

#[test]
fn crates_depend_only_where_the_data_flows() {
    let allowed: [(&str, &[&str]); 7] = [
        (
            "benches",
            // The latency harness runs the daemon against a simulated exchange.
            &[
                "feedd",
                "feedd-codecs",
                "feedd-ringbuf",
                "feedd-storage",
                "venue-sim",
            ],
        ),
        ("codecs", &[]),
        (
            "feedd",
            &[
                // The comparison of journal and tape, for tests.
                "feedctl",
                "feedd-codecs",
                "feedd-ringbuf",
                "feedd-storage",
                "venue-sim",
            ],
        ),
        ("ringbuf", &[]),
        ("storage", &["feedd-codecs"]),
        ("tools", &["feedd-codecs", "feedd-storage", "venue-sim"]),
        ("tools/venue-sim", &[]),
    ];
    let ours = [
        "feedd",
        "feedd-codecs",
        "feedd-ringbuf",
        "feedd-storage",
        "venue-sim",
        "feedctl",
        "feedd-benches",
    ];
    for (name, allowed) in allowed {
        let manifest = fs::read_to_string(root().join(name).join("Cargo.toml")).unwrap();
        for line in manifest
            .lines()
            .skip_while(|line| !line.contains("dependencies]"))
        {
            let dependency = line.split(['.', ' ', '=']).next().unwrap_or("");
            let edge = ours.contains(&dependency);
            assert!(
                !edge || allowed.contains(&dependency),
                "{name} must not depend on {dependency}"
            );
        }
    }
}

#[test]
fn libraries_know_no_sockets() {
    for name in ["codecs", "ringbuf", "storage"] {
        let manifest = fs::read_to_string(root().join(name).join("Cargo.toml")).unwrap();
        for forbidden in ["tokio", "hyper", "ureq", "rustls"] {
            assert!(
                !manifest.contains(forbidden),
                "{name} must not know {forbidden}"
            );
        }
    }
}

#[test]
fn unsafe_code_stands_only_where_the_design_allows_it() {
    const ALLOWED: [&str; 7] = [
        // Allocators that count.
        "benches/src/bin/scale.rs",
        "codecs/tests/support/counting.rs",
        "benches/rivals/src/clock.rs",
        "ringbuf/src/cursor.rs",
        "ringbuf/src/prefetch.rs",
        "storage/src/checksum.rs",
        "storage/src/journal/map.rs",
    ];
    for (path, text) in sources() {
        let used =
            text.contains("unsafe {") || text.contains("unsafe impl") || text.contains("unsafe fn");
        let own = path == "feedd/tests/tidy.rs" || path.ends_with("/tests/tidy.rs");
        let test_only = path == "ringbuf/tests/allocations.rs";
        let intrinsics = path.starts_with("codecs/src/scan/simd/x86");
        assert!(
            !used || own || test_only || intrinsics || ALLOWED.contains(&path.as_str()),
            "unsafe code in {path}"
        );
    }
}

#[test]
fn no_price_passes_through_a_binary_fraction() {
    // Convenient columns for readers of Parquet files, beside the exact ones; never read here.
    const EDGE: &str = "storage/src/sink/parquet/double.rs";
    for (path, text) in sources() {
        let exact = ["codecs/src", "storage/src", "tools/venue-sim/src"]
            .iter()
            .any(|part| path.starts_with(part));
        for word in ["f32", "f64"] {
            let used = text
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .any(|line| {
                    line.split(|character: char| !character.is_alphanumeric() && character != '_')
                        .any(|token| token == word)
                });
            assert!(!(exact && used) || path == EDGE, "{word} in {path}");
        }
    }
}

#[test]
fn links_between_documents_lead_somewhere() {
    let root = root();
    let mut checked = 0;
    for path in files(&root, "md") {
        let text = fs::read_to_string(&path).unwrap();
        for target in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            if !target.contains("://") && !target.starts_with('#') {
                let file = target.split('#').next().unwrap();
                assert!(
                    path.parent().unwrap().join(file).exists(),
                    "{}: {target}",
                    path.display()
                );
                checked += 1;
            }
        }
    }
    assert!(
        checked > 3,
        "only {checked} links found: the test looks in the wrong place"
    );
}
