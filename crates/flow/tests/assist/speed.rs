//! A flow of a thousand steps is answered while its author types.

#![allow(clippy::print_stdout, reason = "a measure for people")]

use std::fmt::Write as _;
use std::time::Instant;

use lockgate_flow::assist::Assist;

/// Measured in an optimised build: `cargo test --release -p lockgate-flow --test assist -- --ignored speed --nocapture`.
#[test]
#[ignore = "measures"]
fn a_thousand_steps() {
    let mut text =
        "trigger: { http: POST /a }\ninput:\n  email: { type: string }\n  user_id: string\nsteps:\n"
            .to_owned();
    for number in 0..1000 {
        let _ = write!(
            text,
            "  - id: user{number}\n    action: auth0.get_user\n    with:\n      user_id: \"{{{{input.user_id}}}}\"\n    \
             on_error:\n      user_not_found:\n        - return: {{ at: \"{{{{input.email}}}}\" }}\n"
        );
    }
    for (what, end) in [
        ("reference", "  - return: \"{{steps.user500.¦}}\"\n"),
        ("any reference", "  - return: \"{{¦}}\"\n"),
        ("word", "  - return: \"{{ema¦}}\"\n"),
        ("broken", "  - return: \"{{steps.¦\n"),
        ("argument", "  - action: auth0.create_user\n    with:\n      ¦\n"),
        (
            "value",
            "  - action: auth0.create_user\n    with:\n      email: ¦\n",
        ),
        ("key", "  - action: log\n    ¦\n"),
        ("broken key", "  - action: log\n    wi¦\n  - return: 1\n"),
    ] {
        let marked = crate::Marked::flow(&format!("{text}{end}"));
        let assist = Assist::new(&marked.workspace, &marked.catalog, marked.path);
        let time = |name: &str, work: &dyn Fn()| {
            let mut best = f64::MAX;
            for _ in 0..5 {
                let start = Instant::now();
                work();
                best = best.min(start.elapsed().as_secs_f64() * 1000.0);
            }
            println!("{what}: {name} {best:.1} ms");
        };
        time("check", &|| {
            drop(crate::support::check(&[(marked.path, &marked.text)]));
        });
        time("complete", &|| drop(assist.complete(marked.offset)));
        time("hover", &|| drop(assist.hover(marked.offset)));
        time("definition", &|| drop(assist.definition(marked.offset)));
        assert!(!assist.complete(marked.offset).items.is_empty());
        if what == "reference" {
            time("scope", &|| drop(assist.scope("steps/1000")));
            time("form", &|| drop(assist.form("steps/999")));
        }
    }
}
