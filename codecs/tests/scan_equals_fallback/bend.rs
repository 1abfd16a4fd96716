//! Ways to bend a message.

/// A small generator of numbers (xorshift64*).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self((seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    /// A number below `bound`; 0 where there is none.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        if bound == 0 {
            0
        } else {
            drawn as usize % bound
        }
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

/// The message with up to three changes; one in eight is left as it is.
pub(crate) fn bend(message: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bent = message.to_vec();
    for _ in 0..dice.below(8).min(3) {
        bent = match dice.below(13) {
            0 => cut(bent, dice),
            1 => flip(bent, dice),
            2 => spaced(bent, dice),
            3 => escaped(bent, dice),
            4 => texts(bent, dice),
            5 => fields(bent, dice, Change::Swap),
            6 => fields(bent, dice, Change::Insert),
            7 => fields(bent, dice, Change::Remove),
            8 => fields(bent, dice, Change::Repeat),
            9 => digits(bent, dice),
            _ => numbers(bent, dice),
        };
    }
    bent
}

/// Other digits where digits are: mostly the form of the message stays what it is.
pub(crate) fn digits(mut message: Vec<u8>, dice: &mut Dice) -> Vec<u8> {
    let rarity = 1 + dice.below(8);
    for byte in message.iter_mut().filter(|byte| byte.is_ascii_digit()) {
        if dice.below(rarity) == 0 {
            *byte = b'0' + dice.below(10) as u8;
        }
    }
    message
}

fn cut(mut message: Vec<u8>, dice: &mut Dice) -> Vec<u8> {
    if dice.below(4) == 0 {
        message.extend_from_slice(dice.pick::<[u8]>(&[b" ", b"\n", b"}", b"x", b"\0"]));
    } else {
        message.truncate(dice.below(message.len() + 1));
    }
    message
}

fn flip(mut message: Vec<u8>, dice: &mut Dice) -> Vec<u8> {
    let at = dice.below(message.len());
    let value = dice.below(256) as u8;
    if let Some(byte) = message.get_mut(at) {
        match dice.below(3) {
            0 => *byte ^= 1 << (value & 7),
            1 => *byte = value,
            _ => *byte = b"\"\\09.-+eE,:[]{} "[usize::from(value) % 16],
        }
    }
    message
}

/// White space, mostly where JSON allows it.
fn spaced(mut message: Vec<u8>, dice: &mut Dice) -> Vec<u8> {
    let open = dice.below(message.len());
    let rest = message.iter().skip(open);
    let ahead = rest.take_while(|byte| !b",:[]{}".contains(byte)).count();
    let at = if dice.below(6) == 0 {
        open
    } else {
        open + ahead
    };
    let space = dice.pick::<[u8]>(&[b" ", b"  ", b"\n", b"\t", b"\r\n"]);
    let at = at.min(message.len());
    message.splice(at..at, space.iter().copied());
    message
}

/// A letter or digit of a text as `\u00xx`, or a stray backslash.
fn escaped(mut message: Vec<u8>, dice: &mut Dice) -> Vec<u8> {
    let at = dice.below(message.len());
    let Some(&byte) = message.get(at) else {
        return message;
    };
    if byte.is_ascii_alphanumeric() {
        message.splice(at..=at, format!("\\u{byte:04x}").into_bytes());
    } else {
        message.insert(at, b'\\');
    }
    message
}

/// Another text in the place of one.
fn texts(message: Vec<u8>, dice: &mut Dice) -> Vec<u8> {
    let quotes: Vec<usize> = places(&message, |byte| byte == b'"');
    if quotes.len() < 2 {
        return message;
    }
    let at = dice.below(quotes.len() - 1);
    let (open, close) = (quotes[at] + 1, quotes[at + 1]);
    let other = dice.pick::<str>(&[
        "",
        "X",
        "BTCUSDT",
        "btcusdt",
        "ETHUSDT",
        "snapshot",
        "delta",
        "update",
        "Buy",
        "sell",
        "é",
        "\u{1F600}",
        "trade",
        "depth@100ms",
        "@",
        "!",
        "a\\\"b",
        "null",
        "-1",
        "0",
        "2026-02-30T00:00:00Z",
        "1970-01-01T00:00:00Z",
        "2026-09-25T23:59:60.9Z",
        "2026-09-25T24:00:00.000001Z",
        "20f43950-d8dd-5b31-9112-a178eb6023ag",
        "a text that is longer than any window that a scanner looks at in one go, on purpose",
    ]);
    let mut message = message;
    message.splice(open..close, other.bytes());
    message
}

fn places(message: &[u8], is: impl Fn(u8) -> bool) -> Vec<usize> {
    let bytes = message.iter().enumerate();
    bytes
        .filter(|(_, byte)| is(**byte))
        .map(|(at, _)| at)
        .collect()
}

/// Another number in the place of one.
fn numbers(mut message: Vec<u8>, dice: &mut Dice) -> Vec<u8> {
    let digits = places(&message, |byte| byte.is_ascii_digit());
    if digits.is_empty() {
        return message;
    }
    let at = digits[dice.below(digits.len())];
    let inside = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
    let before = message[..at].iter().rev().take_while(|byte| inside(byte));
    let start = at - before.count();
    let end = at + message[at..].iter().take_while(|byte| inside(byte)).count();
    let number = number(dice);
    message.splice(start..end, number.bytes());
    message
}

fn number(dice: &mut Dice) -> String {
    if dice.below(4) == 0 {
        return dice
            .pick::<str>(&[
                "",
                "0",
                "-0",
                "00",
                "01",
                "-1",
                "1e5",
                "1E-3",
                "1.",
                ".5",
                "1..2",
                "1.2.3",
                "+1",
                "0.0",
                "0.00000000",
                "9223372036854775807",
                "9223372036854775808",
                "18446744073709551615",
                "18446744073709551616",
                "92233720368.54775807",
                "92233720368.54775808",
                "1e400",
                "--1",
                "0x10",
                "NaN",
                "null",
                "true",
                "99999999999999",
                "100000000000000",
                "100000000000000000",
                "1672515782136",
            ])
            .to_owned();
    }
    let digits = |dice: &mut Dice, most: usize| {
        let count = 1 + dice.below(most);
        (0..count)
            .map(|_| char::from(b'0' + dice.below(10) as u8))
            .collect::<String>()
    };
    let most = [2, 5, 12, 25][dice.below(4)];
    let mut number = digits(dice, most);
    if dice.below(3) > 0 {
        number.push('.');
        let most = [2, 8, 18][dice.below(3)];
        number.push_str(&digits(dice, most));
    }
    if dice.below(3) == 0 {
        number.push_str(&"0".repeat(dice.below(9)));
    }
    number
}

#[derive(Clone, Copy)]
enum Change {
    Swap,
    Insert,
    Remove,
    Repeat,
}

/// Changes the fields of one object, or the elements of one array.
fn fields(message: Vec<u8>, dice: &mut Dice, change: Change) -> Vec<u8> {
    let opens = places(&message, |byte| byte == b'{' || byte == b'[');
    if opens.is_empty() {
        return message;
    }
    let open = opens[dice.below(opens.len())];
    let (mut parts, close) = split(&message, open + 1);
    let at = dice.below(parts.len());
    let other = dice.below(parts.len());
    match change {
        Change::Swap => parts.swap(at, other),
        Change::Remove => drop(parts.remove(at)),
        Change::Repeat => parts.insert(other, parts[at].clone()),
        Change::Insert => {
            let new = dice.pick::<[u8]>(&[
                b"\"zz\":1",
                b"\"zz\":\"new\"",
                b"\"zz\":null",
                b"\"zy\":[1,{}]",
                b"\"zx\":-1.5e3",
                b"\"zz\":false",
                b"1",
                b"\"st\":1",
                b"\"ps\":\"A\"",
                b"\"M\":true",
            ]);
            parts.insert(other, new.to_vec());
        }
    }
    let inner = parts.join(&b","[..]);
    [&message[..=open], &inner, &message[close..]].concat()
}

/// The parts between `from` and the bracket that closes it, and that bracket's place.
fn split(message: &[u8], from: usize) -> (Vec<Vec<u8>>, usize) {
    let (mut parts, mut depth, mut text) = (vec![Vec::new()], 0, false);
    for (at, &byte) in message.iter().enumerate().skip(from) {
        match byte {
            b'"' => text = !text,
            b'{' | b'[' if !text => depth += 1,
            b'}' | b']' if !text && depth == 0 => return (parts, at),
            b'}' | b']' if !text => depth -= 1,
            b',' if !text && depth == 0 => {
                parts.push(Vec::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().unwrap().push(byte);
    }
    (parts, message.len())
}
