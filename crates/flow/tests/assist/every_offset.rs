//! No text and no offset makes it panic, and every name leads to its definition.

use lockgate_flow::assist::Assist;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::agreement::every_offset;
use crate::support::seeds::{EVERYTHING, SIGN_UP, seeds};

#[test]
fn of_a_whole_flow() {
    let catalog = crate::support::catalog::catalog();
    for (text, least) in [(SIGN_UP, 5), (EVERYTHING, 15)] {
        let files = [("flows/it.yaml", text), ("flows/sign-up.yaml", SIGN_UP)];
        let workspace = crate::support::check(&files);
        let followed = every_offset(&workspace, &catalog, "flows/it.yaml", text);
        assert!(followed >= least, "only {followed}");
    }
    let workspace = crate::support::check(&[]);
    every_offset(&workspace, &catalog, "lockgate.yaml", crate::support::WORKSPACE);
}

/// Answers of all sorts, which must only be there.
fn ask(path: &str, text: &str, offset: usize) {
    let catalog = crate::support::catalog::catalog();
    let workspace = crate::support::check(&[(path, text)]);
    let assist = Assist::new(&workspace, &catalog, path);
    let found = assist.complete(offset);
    assert!(found.span.end as usize <= text.len().max(offset));
    let _ = (assist.hover(offset), assist.definition(offset), assist.scope(""));
    for step in ["steps/0", "steps/1", "steps/2/then/0", "on_error/0"] {
        let _ = (assist.scope(step), assist.form(step));
    }
}

proptest! {
    // The same cases each time; `PROPTEST_RNG_SEED` and `PROPTEST_CASES` ask for others.
    #![proptest_config(ProptestConfig { cases: 150, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    /// What is cut off, taken out or put in anywhere.
    #[test]
    fn of_broken_flows(
        seed in any::<prop::sample::Index>(),
        cut in any::<prop::sample::Index>(),
        length in 0_usize..40,
        put in "[ \\-:{}\\[\\]\"'#|a-z\n.🎉]{0,12}",
        offset in any::<prop::sample::Index>(),
    ) {
        let seeds = seeds();
        let mut text = seed.get(&seeds).clone();
        let boundary = |text: &str, mut at: usize| {
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let start = boundary(&text, cut.index(text.len() + 1));
        let end = boundary(&text, (start + length).min(text.len())).max(start);
        text.replace_range(start..end, &put);
        // Most often where it was broken.
        ask("flows/it.yaml", &text, start + put.len());
        ask("flows/it.yaml", &text, offset.index(text.len() + 4));
        ask("lockgate.yaml", &text, start);
    }
}
