//! What can be named at a step.

use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::agreement::{Count, scopes};
use crate::support::seeds::{EVERYTHING, SIGN_UP};
use crate::{GREETING, Marked};

/// The references of a step: type, `?` where one is not sure, `!` where it is secret.
fn shown(text: &str, step: &str) -> Vec<String> {
    let marked = Marked::flow(&format!("{text}¦"));
    let scope = marked.assist().scope(step).expect("a scope");
    assert!(scope.functions.contains(&"lower"));
    let references = scope.references.iter().map(|reference| {
        let sure = if reference.is_sure { "" } else { "?" };
        let secret = if reference.secret { "!" } else { "" };
        format!("{}{sure}{secret}: {}", reference.path, reference.type_name)
    });
    references.collect()
}

#[track_caller]
fn check(text: &str, step: &str, has: &[&str], lacks: &[&str]) {
    let found = shown(text, step);
    for reference in has {
        assert!(
            found.iter().any(|own| own == reference),
            "no {reference} in {found:#?}\n{text}"
        );
    }
    for root in lacks {
        let below = format!("{root}.");
        let there =
            |own: &&String| own.split([':', '?', '!']).next() == Some(root) || own.starts_with(&below);
        assert_eq!(found.iter().find(there), None, "{text}");
    }
}

const FLOW: &str = "\
trigger: { http: POST /a }
input:
  email: { type: string, format: email }
  plan: { enum: [free, pro], default: free }
  nick: { type: string, required: false }
  address: { type: object, properties: { city: { type: string }, zip: { type: string } }, required: [city] }
  password: { type: string, secret: true }
  people: { type: array, items: { type: object, properties: { email: { type: string } }, required: [email] } }
steps:
  - id: first
    action: auth0.get_user
    with: { user_id: x }
    on_error: continue
  - if: eq input.plan \"pro\"
    then:
      - id: pro
        action: auth0.get_user
        with: { user_id: x }
      - set: { quota: 1000, who: pro }
    else:
      - set: { quota: 10, copy: \"{{input.password}}\" }
  - parallel:
      left:
        - id: left
          action: log
          with: { message: x }
      right:
        - id: right
          action: http.request
          with: { url: \"https://x\" }
  - id: all
    for_each: input.people
    as: person
    steps:
      - id: one
        action: auth0.get_user
        with: { user_id: x }
        on_error:
          - action: log
            with: { message: x }
      - action: log
        with: { message: x }
    yield: { at: \"{{index}}\" }
  - id: hello
    call: greeting
    with: { name: x }
  - if: exists input.nick
    return: \"{{input.nick}}\"
  - return: 1
on_error:
  - id: told
    action: log
    with: { message: x }
  - return: 2
";

#[test]
fn by_place() {
    check(
        FLOW,
        "steps/0",
        &[
            "input: object",
            "input.email: string (email)",
            "input.plan: free | pro",
            "input.nick?: string",
            "input.address: object",
            "input.address.city: string",
            "input.address.zip: string, optional",
            "input.password!: string",
            "input.people.0.email: string",
            "config.support_email: string",
            "config.limits.invites: integer",
            "request.method: string",
            "run.id: string",
        ],
        &[
            "steps.first",
            "steps.pro",
            "vars.quota",
            "error",
            "person",
            "index",
        ],
    );
    check(
        FLOW,
        "steps/1/then/1",
        &[
            "steps.first?: object",
            "steps.first.user_id?: string",
            "steps.first.error?: object",
            "steps.first.error.code?: string",
            "steps.pro: object",
            "steps.pro.user_id: string",
            "steps.pro.name: string, optional",
        ],
        &["vars.quota", "steps.left", "steps.pro.error"],
    );
    check(FLOW, "steps/1/else/0", &[], &["steps.pro"]);
    check(
        FLOW,
        "steps/2",
        &[
            "vars.quota: integer",
            "vars.who?: string",
            "vars.copy?!: string",
            "steps.pro?: object",
        ],
        &["steps.right"],
    );
    check(
        FLOW,
        "steps/2/parallel/left/0",
        &[],
        &["steps.left", "steps.right"],
    );
    check(
        FLOW,
        "steps/3",
        &["steps.left: null", "steps.right.status: integer"],
        &["person", "steps.one"],
    );
    check(
        FLOW,
        "steps/3/each/#/steps/0/on_error/0",
        &[
            "person: object",
            "person.email: string",
            "index: integer",
            "error.code: string",
            "error.provider: any, optional",
        ],
        &["steps.one"],
    );
    check(
        FLOW,
        "steps/3/each/#/steps/1",
        &["person: object", "steps.one?: object"],
        &["error", "steps.all"],
    );
    check(
        FLOW,
        "steps/4",
        &["steps.all: array of object", "steps.all.0.at: integer"],
        &["person", "index", "steps.one"],
    );
    check(
        FLOW,
        "steps/5",
        &[
            "steps.hello: object",
            "steps.hello.text: string",
            "input.nick: string",
        ],
        &[],
    );
    check(FLOW, "steps/6", &["input.nick?: string"], &[]);
    check(
        FLOW,
        "",
        &[
            "error.code: string",
            "steps.pro?: object",
            "steps.first?: object",
            "vars.quota?: integer",
        ],
        &["person", "steps.one"],
    );
    check(
        FLOW,
        "on_error/1",
        &["steps.told: null", "steps.first?: object"],
        &[],
    );
    check(
        "steps:\n  - return: 1\n",
        "steps/0",
        &["run.id: string"],
        &["request", "error"],
    );
    check(
        "steps:\n  - return: 1\n",
        "",
        &["error.code: string"],
        &["request"],
    );
    let scheduled = "trigger: { http: POST /a, schedule: '0 0 * * *' }\nsteps:\n  - if: exists request.ip\n    return: 1\n  - return: 2\n";
    check(
        scheduled,
        "steps/0",
        &["request?: object", "request.ip: string"],
        &[],
    );
    check(scheduled, "steps/1", &["request.ip?: string"], &[]);
}

#[test]
fn of_flows_with_mistakes() {
    let broken = FLOW.replace(
        "  - return: 1\n",
        "  - return: \"{{steps.none}}\"\n  - retrun: 1\n  - id: x\n",
    );
    check(&broken, "steps/6", &["steps.all: array of object"], &[]);
    check(&broken, "steps/8", &["steps.hello?: object"], &["steps.x"]);
    let cut = &FLOW[..FLOW.find("yield").unwrap() + 14];
    check(
        cut,
        "steps/3/each/#/steps/1",
        &["person: object", "steps.first?: object"],
        &[],
    );
    let unreached =
        "steps:\n  - return: 1\n  - id: a\n    action: log\n    with: { message: x }\n  - return: 2\n";
    check(unreached, "steps/2", &["steps.a?: null"], &[]);
    assert!(
        Marked::flow(&format!("{FLOW}¦"))
            .assist()
            .scope("steps/99")
            .is_none()
    );
}

#[track_caller]
fn agree(text: &str) -> Count {
    let path = "flows/it.yaml";
    let check = |text: &str| {
        crate::support::check(&[
            (path, text),
            ("flows/greeting.yaml", GREETING),
            ("flows/sign-up.yaml", SIGN_UP),
        ])
    };
    scopes(&check(text), &crate::support::catalog::catalog(), path, &check)
}

#[test]
fn the_check_agrees() {
    let mut sum = Count::default();
    for text in [FLOW, SIGN_UP, EVERYTHING] {
        let count = agree(text);
        sum.sure += count.sure;
        sum.unsure += count.unsure;
    }
    assert!(
        sum.sure > 900 && sum.unsure > 500,
        "{} and {}",
        sum.sure,
        sum.unsure
    );
}

/// Steps of a random flow.
#[derive(Clone, Debug)]
enum Step {
    Act { handler: u8, guard: u8 },
    Set(u8),
    If(Vec<Step>, Vec<Step>),
    Switch(Vec<Vec<Step>>, bool),
    Parallel(Vec<Vec<Step>>),
    Each(Vec<Step>),
    End,
}

fn list(depth: u32) -> BoxedStrategy<Vec<Step>> {
    prop::collection::vec(step(depth), 1..4).boxed()
}

fn step(depth: u32) -> BoxedStrategy<Step> {
    let leaf = prop_oneof![
        5 => (0_u8..4, 0_u8..6).prop_map(|(handler, guard)| Step::Act { handler, guard }),
        2 => (0_u8..3).prop_map(Step::Set),
        1 => Just(Step::End),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let inner = depth - 1;
    prop_oneof![
        4 => leaf,
        2 => (list(inner), list(inner)).prop_map(|(then, otherwise)| Step::If(then, otherwise)),
        1 => (prop::collection::vec(list(inner), 1..3), any::<bool>()).prop_map(|(cases, all)| Step::Switch(cases, all)),
        1 => prop::collection::vec(list(inner), 1..3).prop_map(Step::Parallel),
        1 => list(inner).prop_map(Step::Each),
    ]
    .boxed()
}

#[derive(Default)]
struct Writer {
    text: String,
    ids: usize,
}

impl Writer {
    fn list(&mut self, steps: &[Step], indent: usize) {
        for step in steps {
            self.step(step, indent);
        }
    }

    fn line(&mut self, indent: usize, line: &str) {
        let _ = writeln!(self.text, "{}{line}", " ".repeat(indent));
    }

    fn step(&mut self, step: &Step, indent: usize) {
        let inner = indent + 2;
        match step {
            Step::Act { handler, guard } => {
                let id = self.ids;
                self.ids += 1;
                self.line(indent, &format!("- id: s{id}"));
                let latest = id.saturating_sub(1);
                match guard {
                    0 => self.line(inner, "if: input.nick"),
                    1 if id > 0 => self.line(inner, &format!("if: exists steps.s{latest}")),
                    _ => {}
                }
                self.line(inner, "action: auth0.get_user");
                self.line(inner, "with: { user_id: x }");
                match handler {
                    0 => self.line(inner, "on_error: continue"),
                    1 => {
                        self.line(inner, "on_error:");
                        self.list(&[Step::Set(0)], inner);
                    }
                    2 => {
                        self.line(inner, "on_error:");
                        self.line(inner + 2, "user_not_found:");
                        self.list(&[Step::End], inner + 4);
                    }
                    _ => {}
                }
            }
            Step::Set(name) => self.line(indent, &format!("- set: {{ v{name}: {name} }}")),
            Step::End => {
                self.line(indent, "- if: eq input.plan \"pro\"");
                self.line(inner, "return: 1");
            }
            Step::If(then, otherwise) => {
                self.line(indent, "- if: exists input.nick");
                self.line(inner, "then:");
                self.list(then, inner + 2);
                self.line(inner, "else:");
                self.list(otherwise, inner + 2);
            }
            Step::Switch(cases, all) => {
                self.line(indent, "- switch: input.plan");
                self.line(inner, "cases:");
                for (case, name) in cases.iter().zip(["free", "pro"]) {
                    self.line(inner + 2, &format!("{name}:"));
                    self.list(case, inner + 4);
                }
                if *all {
                    self.line(inner, "default:");
                    self.list(&[Step::Set(1)], inner + 2);
                }
            }
            Step::Parallel(branches) => {
                self.line(indent, "- parallel:");
                for (index, branch) in branches.iter().enumerate() {
                    self.line(inner + 2, &format!("b{index}:"));
                    self.list(branch, inner + 4);
                }
            }
            Step::Each(steps) => {
                let id = self.ids;
                self.ids += 1;
                self.line(indent, &format!("- id: s{id}"));
                self.line(inner, "for_each: input.people");
                self.line(inner, "steps:");
                self.list(steps, inner + 2);
                self.line(inner, "yield: 1");
            }
        }
    }
}

proptest! {
    // The same cases each time; `PROPTEST_RNG_SEED` and `PROPTEST_CASES` ask for others.
    #![proptest_config(ProptestConfig { cases: 40, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_check_agrees_on_any_flow(steps in list(2)) {
        let mut writer = Writer::default();
        writer.text.push_str("input:\n  plan: { enum: [free, pro] }\n  nick: { type: string, required: false }\n  people: { type: array }\nsteps:\n");
        writer.list(&steps, 2);
        writer.line(2, "- return: 1");
        agree(&writer.text);
    }
}
