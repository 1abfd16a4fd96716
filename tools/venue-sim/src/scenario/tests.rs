use super::*;
use crate::fault::{Mutation, Target};

const EVERY_FAULT: &str = include_str!("../../scenarios/every-fault.toml");

fn error(text: &str) -> String {
    Scenario::parse(text).unwrap_err().to_string()
}

fn one(keys: &str) -> Fault {
    let text = format!("[[at]]\ntime = \"0s\"\n{keys}");
    Scenario::parse(&text)
        .unwrap()
        .entries
        .remove(0)
        .faults
        .remove(0)
}

#[test]
fn every_fault_has_an_example_and_the_examples_parse() {
    let scenario = Scenario::parse(EVERY_FAULT).unwrap();
    let names: std::collections::BTreeSet<String> = scenario
        .entries
        .iter()
        .flat_map(|entry| &entry.text)
        .filter(|(key, _)| key == "fault")
        .map(|(_, value)| value.trim_matches('"').to_owned())
        .collect();
    for name in faults::names() {
        assert!(names.contains(name), "no example of {name}");
    }
}

#[test]
fn printed_scenario_is_the_same_scenario() {
    let scenario = Scenario::parse(EVERY_FAULT).unwrap();
    let again = Scenario::parse(&scenario.to_string()).unwrap();
    assert_eq!(format!("{scenario:?}"), format!("{again:?}"));
}

#[test]
fn target_names_product_stream_and_line() {
    let keys = "fault = \"drop\"\nvenue = \"binance\"\nproduct = \"spot\"\n";
    let Fault::Drop { target, count } = one(&format!(
        "{keys}stream = \"btcusdt@trade\"\nline = \"B\"\ncount = 5"
    )) else {
        panic!("not a drop");
    };
    let expected = Target::product(Product::BinanceSpot)
        .stream("btcusdt@trade")
        .rank(1);
    assert_eq!((target, count), (expected, 5));
    let Fault::Drop { target, count } = one(&format!("{keys}line = 17")) else {
        panic!("not a drop");
    };
    assert_eq!(
        (target, count),
        (Target::product(Product::BinanceSpot).line(17), 1)
    );
}

#[test]
fn venue_without_product_means_all_of_its_products() {
    let text = "[[at]]\ntime = \"0s\"\nfault = \"expire\"\nvenue = \"bybit\"\n";
    let faults = &Scenario::parse(text).unwrap().entries[0].faults;
    let products = Product::ALL
        .into_iter()
        .filter(|product| product.name().starts_with("bybit-"));
    assert_eq!(faults.len(), products.count());
}

#[test]
fn chance_mutation_and_signs_are_read() {
    let target = "venue = \"kraken\"\nproduct = \"spot\"\n";
    assert!(matches!(
        one(&format!(
            "fault = \"loss\"\nchance = \"0.5%\"\nfor = \"2s\"\n{target}"
        )),
        Fault::Loss { ppm: 5_000, .. }
    ));
    assert!(matches!(
        one(&format!(
            "fault = \"clock-jump\"\nby = \"-5s\"\nfor = \"2s\"\n{target}"
        )),
        Fault::ClockJump { by_ms: -5_000, .. }
    ));
    let Fault::Mutate { mutation, .. } = one(&format!(
        "fault = \"mutate\"\nkind = \"rename-field\"\nfield = \"price\"\n{target}"
    )) else {
        panic!("not a mutation");
    };
    assert_eq!(mutation, Mutation::RenameField(Some("price".into())));
}

#[test]
fn mistakes_are_named_with_their_line_and_what_is_nearest() {
    let head = "seed = 1\n\n[[at]]\ntime = \"3s\"\n";
    let spot = "venue = \"binance\"\nproduct = \"spot\"\n";
    for (text, expected) in [
        (
            format!("{head}fault = \"drop\"\n{spot}cuont = 5\n"),
            "line 8: unknown key `cuont`: did you mean `count`?",
        ),
        (
            format!("{head}fault = \"dorp\"\n{spot}"),
            "line 5: `fault` = \"dorp\" is not known: did you mean `drop`?",
        ),
        (
            format!("{head}fault = \"drop\"\nvenue = \"binanec\"\n"),
            "line 6: `venue` = \"binanec\" is not known: did you mean `binance`?",
        ),
        (
            format!("{head}fault = \"drop\"\nvenue = \"binance\"\nproduct = \"spto\"\n"),
            "line 7: `product` = \"spto\" is not known: did you mean `spot`?",
        ),
        (
            format!("{head}fault = \"drop\"\n{spot}line = \"AB\"\n"),
            "line 8: `line` = \"AB\" must be a letter",
        ),
        (
            format!("{head}fault = \"drop\"\n{spot}count = -1\n"),
            "line 8: `count` = -1 must be a whole number",
        ),
        (
            format!("{head}fault = \"loss\"\n{spot}chance = \"1\"\nfor = \"1s\"\n"),
            "line 8: `chance` = \"1\" must be a probability",
        ),
        (
            format!("{head}fault = \"loss\"\n{spot}chance = \"1%\"\n"),
            "line 3: `for` is missing",
        ),
        (
            "[[at]]\nfault = \"heal\"\n".to_owned(),
            "line 1: `time` is missing",
        ),
        (
            format!("{head}fault = \"heal\"\nuntil = \"4s\"\n"),
            "line 6: `until` = \"4s\" needs `every`",
        ),
        (
            format!("{head}fault = \"rest\"\n{spot}status = 429\nanswer = \"html\"\n"),
            "line 9: `answer` = \"html\" must be",
        ),
        (
            "sed = 1\n".to_owned(),
            "line 1: unknown key `sed`: did you mean `seed`?",
        ),
        ("at = 3\n".to_owned(), "line 1: `at` = 3 must be tables"),
        ("seed = 1\n[[at]\n".to_owned(), "line 2: "),
    ] {
        let error = error(&text);
        assert!(error.starts_with(expected), "{error}\nfor {text}");
    }
}

#[test]
fn a_file_is_named_in_its_errors() {
    let path = std::env::temp_dir().join(format!("venue-sim-scenario-{}.toml", std::process::id()));
    let missing = Scenario::load(&path).unwrap_err().to_string();
    assert!(missing.contains("venue-sim-scenario-"), "{missing}");
    std::fs::write(&path, "\nfoo = 1\n").unwrap();
    let error = Scenario::load(&path).unwrap_err().to_string();
    std::fs::remove_file(&path).unwrap();
    assert!(
        error.contains("venue-sim-scenario-") && error.contains("line 2"),
        "{error}"
    );
}

#[test]
fn drawn_mixtures_parse_differ_and_are_healed_in_time() {
    let duration = Duration::from_secs(8);
    let mut texts = std::collections::BTreeSet::new();
    for seed in 0..3_000 {
        let text = lottery::draw(seed, duration, &Product::ALL);
        let scenario = match Scenario::parse(&text) {
            Ok(scenario) => scenario,
            Err(error) => panic!("{error}\nin {text}"),
        };
        let (last, faults) = scenario.entries.split_last().unwrap();
        assert!(matches!(last.faults[..], [Fault::Heal]) && last.time == duration * 3 / 4);
        assert!((3..=10).contains(&faults.len()));
        for entry in faults {
            assert!(
                entry.time >= duration / 10 && entry.time <= duration * 6 / 10,
                "{text}"
            );
            assert_eq!(entry.repeat, None);
        }
        texts.insert(text);
    }
    assert_eq!(texts.len(), 3_000);
    let again = lottery::draw(5, duration, &Product::ALL);
    assert!(
        texts.contains(&again),
        "the same seed draws the same mixture"
    );
}

#[test]
fn a_mixture_without_products_only_heals() {
    let scenario = Scenario::random(1, Duration::from_secs(8), &[]);
    assert!(
        matches!(scenario.entries[..], [Entry { ref faults, .. }] if matches!(faults[..], [Fault::Heal]))
    );
}
