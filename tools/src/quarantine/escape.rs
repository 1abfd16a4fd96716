//! Frames on a terminal: what a venue sent must not steer it.

/// Appends `bytes` as printable text of at most `limit` characters, whole escapes only; whether all
/// of it fitted.
///
/// Text stands as it is, quotes included; control and invisible characters are escaped as in Rust,
/// a backslash is doubled, and bytes that are no UTF-8 become `\xNN`.
pub(super) fn escape(out: &mut String, bytes: &[u8], limit: usize) -> bool {
    let mut room = limit;
    let mut put = |piece: &str| {
        let left = room.checked_sub(piece.chars().count());
        if let Some(left) = left {
            (room, ()) = (left, out.push_str(piece));
        }
        left.is_some()
    };
    bytes.utf8_chunks().all(|chunk| {
        let mut text = chunk.valid().chars();
        let mut bad = chunk.invalid().iter();
        text.all(|character| put(&printable(character)))
            && bad.all(|byte| put(&format!("\\x{byte:02x}")))
    })
}

fn printable(character: char) -> String {
    match character {
        '"' | '\'' => character.to_string(),
        _ => character.escape_debug().to_string(),
    }
}

/// The beginning of `bytes`, with `…` behind it if there is more.
pub(super) fn excerpt(bytes: &[u8], limit: usize) -> String {
    let mut text = String::new();
    if !escape(&mut text, bytes, limit) {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_steer_a_terminal_is_escaped_and_json_stays_readable() {
        let frame = b"{\"a\":'\\'}\n\x1b[2J\xff\xe2\x80\xae\xc3\xa9";
        assert_eq!(excerpt(frame, 80), r#"{"a":'\\'}\n\u{1b}[2J\xff\u{202e}é"#);
    }

    #[test]
    fn an_excerpt_ends_before_the_escape_that_does_not_fit() {
        assert_eq!(excerpt(b"abc", 3), "abc");
        assert_eq!(excerpt(b"abcd", 3), "abc…");
        assert_eq!(excerpt(b"ab\nd", 3), "ab…");
        assert_eq!(excerpt(b"", 0), "");
    }
}
