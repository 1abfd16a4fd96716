//! Rules about the sources that no lint covers.
#![cfg(not(loom))]

use std::fs;
use std::path::Path;

/// Names in the sources and the only files that may contain them.
const ONLY_IN: [(&str, &[&str]); 4] = [
    ("std::sync", &["sync.rs"]),
    ("std::cell", &[]),
    ("loom::", &["sync.rs"]),
    ("unsafe {", &["cursor.rs", "prefetch.rs"]),
];

#[test]
fn shared_types_and_unsafe_stay_in_their_files() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut file_count = 0;
    for entry in fs::read_dir(sources).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        for (word, files) in ONLY_IN {
            let allowed = files.contains(&name.as_str());
            assert_eq!(
                text.contains(word),
                allowed,
                "`{word}` in {name}: expected {allowed}"
            );
        }
        file_count += 1;
    }
    assert!(file_count > 5, "sources were found");
}
