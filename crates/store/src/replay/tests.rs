//! Runs are recorded, and replayed on flows that were edited: they depart where they were edited, and nothing is called.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::Replayed;
use super::compare::{check, compare};
use super::departure::{Departure, ReplayEnd};
use super::testing::{Made, Run};
use crate::record::Record;
use crate::run::Status;

/// What is said of a replay, in short: one line for each departure.
fn short(replayed: &Replayed) -> Vec<String> {
    let mut lines: Vec<String> = replayed.departures.iter().map(line).collect();
    if replayed.end != ReplayEnd::Ended {
        lines.push(
            serde_json::to_value(&replayed.end).unwrap()["end"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    lines
}

fn line(departure: &Departure) -> String {
    let text = |value: &Option<Value>| {
        value
            .as_ref()
            .map_or_else(|| "nothing".to_owned(), Value::to_string)
    };
    match departure {
        Departure::RunInput { mistakes } => format!("input {}", mistakes[0].0),
        Departure::NotRecorded { key, what, .. } => format!("new {key} {what}"),
        Departure::Other { key, recorded, found } => format!("other {key} {recorded} {found}"),
        Departure::Input { key, recorded, found } => {
            format!("input {key} {} {}", text(recorded), text(found))
        }
        Departure::Waits { key, .. } => format!("waits {key}"),
        Departure::Unused { key, what } => format!("unused {key} {what}"),
        Departure::Answer { recorded, found } => format!("answer {} {}", text(recorded), text(found)),
        Departure::Output { recorded, found } => format!("output {} {}", text(recorded), text(found)),
        Departure::Failure { recorded, found } => {
            let code = |error: &Option<Value>| {
                error
                    .as_ref()
                    .map_or("none".to_owned(), |error| error["code"].to_string())
            };
            format!("failure {} {}", code(recorded), code(found))
        }
    }
}

/// Flows with everything that a run can record.
fn flows() -> Vec<Vec<&'static str>> {
    vec![
        vec![SIGN_UP],
        // Values that are new each time, in all places.
        vec!["steps:
  - { id: a, action: test.create, with: { id: '{{uuid}}', secret: '{{mask (uuid)}}' } }
  - { set: { id: '{{uuid}}', same: '{{vars.id}}' } }
  - { if: 'lt (to_number (random 1 \"digits\")) 5', then: [{ set: { way: low } }], else: [{ set: { way: high } }] }
  - { if: 'lt (to_number (random 1 \"digits\")) 11', action: test.update, with: { at: '{{now}}' } }
  - { id: l, for_each: 'split (uuid) \"-\"', steps: [{ action: test.read, with: { x: '{{item}}' } }], yield: '{{random 9 \"digits\"}} {{item}}' }
  - { respond: { body: '{{uuid}}', headers: { x-now: '{{now}}' } } }
  - { return: ['{{vars.same}}', '{{steps.l}}', '{{now}}'] }"],
        // Retries, an error that is taken, one that is kept, one that leaves the flow.
        vec!["steps:
  - { action: test.read, with: { fails: busy } }
  - { action: test.create, with: { fails: refused }, on_error: { refused: [{ action: test.update, with: { code: '{{error.code}}' } }] } }
  - { id: k, action: test.create, with: { fails: refused }, on_error: continue }
  - { action: test.pure, with: { x: '{{optional steps.k.error.code}}' } }
  - { action: test.create, with: { fails: refused } }
on_error:
  - { action: test.update, with: { last: true } }
  - { respond: { status: 503, body: '{{error.code}}' } }"],
        // Branches of which one ends the others, at different times; loops at once; sleeps; limits.
        vec!["steps:
  - { parallel: { x: [{ action: test.create, with: { ms: 20 } }, { wait: 1h }, { action: test.update }], y: [{ action: test.read, with: { ms: 10 } }, { action: test.update, with: { b: 1 } }] } }
  - parallel:
      x: [{ action: test.read, with: { ms: 20 } }, { action: test.update, with: { ms: 100, x: 1 } }, { action: test.update, with: { x: 2 } }]
      y: [{ action: test.read, with: { ms: 50 } }, { action: test.create, with: { fails: refused } }]
    on_error: { refused: [{ action: test.create, with: { after: true } }] }
  - { for_each: 'split \"a,b,c,d\" \",\"', at_once: 2, steps: [{ action: test.create, with: { ms: 10, item: '{{item}}' } }, { wait: 1s }], id: all, yield: '{{index}}' }
  - { if: true, timeout: 1s, then: [{ action: test.update }, { wait: 5s }, { action: test.update }], on_error: { timeout: [{ action: test.read }] } }
  - { action: test.read, timeout: 1s, with: { ms: 5000 }, on_error: continue }
  - { wait: { until: '2030-02-01T00:00:00Z' } }
  - { parallel: { x: [{ action: test.read, with: { ms: 100 } }, { action: test.create }], y: [{ action: test.read, with: { ms: 5 } }, { return: '{{steps.all}}' }] } }"],
        // Flows that are called, in a loop too.
        vec![
            "steps: [{ for_each: 'split \"a,b\" \",\"', steps: [{ id: c, call: called, with: { x: '{{item}}' } }], id: l, yield: '{{steps.c}}' }, { call: failing, on_error: continue }, { return: '{{steps.l}}' }]",
            "name: called\ninput: { x: { type: string } }\nsteps: [{ id: a, action: test.create, with: { x: '{{input.x}} {{uuid}}' } }, { respond: { body: 1 } }, { call: failing, on_error: continue }, { return: '{{steps.a.user_id}}' }]",
            "name: failing\nsteps: [{ action: test.update }, { fail: { code: mine, message: x } }]\non_error: [{ action: test.read }]",
        ],
    ]
}

/// The update of [`SIGN_UP`] is gone.
const UNUSED: &[&str] = &["unused steps/1 test.update"];

const SIGN_UP: &str = "
input: { email: { type: string }, plan: { enum: [free, pro], default: pro } }
steps:
  - id: user
    action: test.create
    with: { email: '{{input.email}}' }
  - if: eq input.plan \"pro\"
    action: test.update
    with: { user_id: '{{steps.user.user_id}}', quota: 1000 }
  - respond: { status: 201, body: { user_id: '{{steps.user.user_id}}' } }
  - return: '{{input.plan}}'
";

fn sign_up_input() -> Value {
    json!({ "email": "ann@example.com" })
}

fn input_of(texts: &[&str]) -> Value {
    if texts[0] == SIGN_UP {
        sign_up_input()
    } else {
        json!({})
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_flow_departs_nowhere() {
    for texts in flows() {
        let run = Run::of(&texts, input_of(&texts)).await;
        assert!(run.made.calls.load(Ordering::Relaxed) > 1);
        let replayed = run.replay(&texts).await;
        assert_eq!(
            short(&replayed),
            Vec::<String>::new(),
            "{texts:?}\n{:#?}",
            run.records
        );
        // Without the recorded flow as well: keys and inputs are the same.
        let again = Made::new(&texts);
        let recording = run.recording(run.records.len(), run.status());
        let mut alone = compare(recording, None, again.version()).await;
        alone
            .departures
            .retain(|departure| !matches!(departure, Departure::Answer { .. }));
        assert_eq!(short(&alone), Vec::<String>::new(), "{texts:?}");
    }
}

/// A run that was cut off anywhere goes on with its own flow.
#[tokio::test(start_paused = true)]
async fn every_prefix_fits_its_flow() {
    for texts in flows() {
        let run = Run::of(&texts, input_of(&texts)).await;
        for length in 0..=run.records.len() {
            let again = Made::new(&texts);
            let at = format!("{length} of {:#?}", run.records);
            let replayed = compare(
                run.recording(length, Status::Running),
                Some(run.made.version()),
                again.version(),
            )
            .await;
            assert!(replayed.departures.is_empty(), "{at}\n{:#?}", replayed.departures);
            let fit = check(run.recording(length, Status::Running), again.version()).await;
            assert_eq!(fit, Ok(()), "{at}");
            assert_eq!(again.calls.load(Ordering::Relaxed), 0);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_edited_flow_departs_where_it_was_edited() {
    let run = Run::of(&[SIGN_UP], sign_up_input()).await;
    let log = "  - { action: test.read, with: { a: 1 } }\n";
    let (user, update) = (SIGN_UP.find("  - id").unwrap(), SIGN_UP.find("  - if").unwrap());
    let (respond, end) = (
        SIGN_UP.find("  - respond").unwrap(),
        SIGN_UP.find("  - return").unwrap(),
    );
    let with_before = |at: usize, text: &str| format!("{}{text}{}", &SIGN_UP[..at], &SIGN_UP[at..]);
    let without = |from: usize, to: usize| format!("{}{}", &SIGN_UP[..from], &SIGN_UP[to..]);
    let cases: Vec<(String, &[&str])> = vec![
        // Another input.
        (
            SIGN_UP.replace("1000", "2000"),
            &[
                "input steps/1 {\"user_id\":\"auth0|1\",\"quota\":1000} {\"user_id\":\"auth0|1\",\"quota\":2000}",
            ],
        ),
        // The order of fields is none of the value.
        (
            SIGN_UP.replace(
                "user_id: '{{steps.user.user_id}}', quota: 1000",
                "quota: 1000, user_id: '{{steps.user.user_id}}'",
            ),
            &[],
        ),
        // Another step: its outcome is not known, wherever it stands.
        (with_before(user, log), &["new steps/0 test.read", "departed"]),
        (with_before(update, log), &["new steps/1 test.read", "departed"]),
        (with_before(end, log), &["new steps/3 test.read", "departed"]),
        // One that touches nothing moves the others, and that is all.
        (with_before(user, "  - set: { x: '{{uuid}}' }\n"), &[]),
        (with_before(user, "  - wait: 1h\n"), &["waits steps/0@wait"]),
        // One is gone.
        (without(update, respond), UNUSED),
        (
            without(respond, end),
            &[
                "unused steps/2 respond",
                "answer {\"status\":201,\"headers\":[],\"body\":{\"user_id\":\"auth0|1\"}} nothing",
            ],
        ),
        // Another action in its place.
        (
            SIGN_UP.replace("test.update", "test.create"),
            &["other steps/1 test.update test.create", "departed"],
        ),
        (
            SIGN_UP.replace("test.create", "test.read"),
            &["other steps/0 test.create test.read", "departed"],
        ),
        // Another condition.
        (SIGN_UP.replace("eq input", "ne input"), UNUSED),
        // Another answer, another result, another failure.
        (
            SIGN_UP.replace("201", "200"),
            &[
                "answer {\"status\":201,\"headers\":[],\"body\":{\"user_id\":\"auth0|1\"}} \
                 {\"status\":200,\"headers\":[],\"body\":{\"user_id\":\"auth0|1\"}}",
            ],
        ),
        (
            SIGN_UP.replace("return: '{{input.plan}}'", "return: 'now {{input.plan}}'"),
            &["output \"pro\" \"now pro\""],
        ),
        (
            without(end, SIGN_UP.len()) + "  - fail: { code: mine, message: x }\n",
            &["output \"pro\" nothing", "failure none \"mine\""],
        ),
        // The input of the run.
        (
            SIGN_UP.replace("plan: {", "name: { type: string }, plan: {"),
            &["input name", "departed"],
        ),
        // Moved to where nobody comes.
        (
            format!("{}{}", without(user, update), &SIGN_UP[user..update])
                .replace("'{{steps.user.user_id}}'", "'auth0|1'"),
            &["unused steps/0 test.create"],
        ),
        // Another name for what it was.
        (
            SIGN_UP
                .replace("id: user\n", "id: person\n")
                .replace("steps.user.", "steps.person."),
            &[],
        ),
    ];
    for (edited, expected) in cases {
        let replayed = run.replay(&[&edited]).await;
        assert_eq!(short(&replayed), expected, "{edited}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_made_from_new_values_is_compared_as_well() {
    let flow = "steps:
  - { id: a, action: test.create, with: { name: 'a {{uuid}}' } }
  - { set: { x: '{{uuid}}' } }
  - { for_each: 'split (uuid) \"-\"', steps: [{ action: test.read }] }
  - { respond: { body: 'hello {{now}}' } }
  - { wait: 5m }
  - { return: '{{vars.x}}' }";
    let run = Run::of(&[flow], json!({})).await;
    for (from, to, expected) in [
        ("'a {{uuid}}'", "'b {{uuid}}'", "input steps/0@input"),
        ("x: '{{uuid}}'", "x: '{{uuid}}!'", "input steps/1@input"),
        ("(uuid)", "(uuid) \"-\" 2 ", ""),
        ("hello", "good day", "answer"),
        (
            "5m",
            "6m",
            "input steps/4@wait \"2030-01-01T00:05:00Z\" \"2030-01-01T00:06:00Z\"",
        ),
    ] {
        if expected.is_empty() {
            continue;
        }
        let replayed = run.replay(&[&flow.replace(from, to)]).await;
        let lines = short(&replayed);
        assert_eq!(lines.len(), 1, "{from}: {lines:?}");
        assert!(lines[0].starts_with(expected), "{from}: {lines:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn errors_branches_loops_and_calls_depart_where_they_were_edited() {
    for (at, from, to, expected) in [
        // A handler that comes too late, and one that is gone.
        (
            2,
            "{ refused: [{ action: test.update, with: { code: '{{error.code}}' } }] }",
            "continue",
            &["unused steps/1/on_error/refused/0 test.update"][..],
        ),
        (2, "last: true", "last: false", &["input on_error/0"][..]),
        (2, "status: 503", "status: 500", &["answer"]),
        (2, "fails: busy", "fails: refused", &["input", "input", "input"]),
        // What touches nothing outside is recorded without its name and input.
        (
            2,
            "action: test.pure, with: { x:",
            "action: test.pure, with: { y:",
            &["input steps/3"],
        ),
        (
            2,
            "test.pure",
            "test.read",
            &["other steps/3 test.pure test.read", "departed"],
        ),
        // In a branch that ended the others; in one that was ended.
        (
            3,
            "with: { after: true }",
            "with: { after: false }",
            &["input steps/1/on_error/refused/0"],
        ),
        (
            3,
            "with: { b: 1 }",
            "with: { b: 2 }",
            &["input steps/0/parallel/y/1"],
        ),
        (
            3,
            "ms: 100, x: 1",
            "ms: 100, x: 3",
            &["input steps/1/parallel/x/1"],
        ),
        // In each turn of a loop.
        (
            3,
            "item: '{{item}}'",
            "item: '{{item}}!'",
            &[
                "input steps/2/each/0",
                "input steps/2/each/1",
                "input steps/2/each/2",
                "input steps/2/each/3",
            ],
        ),
        (3, "yield: '{{index}}'", "yield: 7", &["input steps/6@end"]),
        (3, "{ wait: 1h }, ", "", &["unused steps/0/parallel/x/1@wait"]),
    ] {
        let texts = flows().swap_remove(at);
        let run = Run::of(&texts, json!({})).await;
        let replayed = run.replay(&[&texts[0].replace(from, to)]).await;
        let lines = short(&replayed);
        assert!(
            lines.len() == expected.len()
                && lines
                    .iter()
                    .zip(expected)
                    .all(|(line, start)| line.starts_with(start)),
            "{from}: {lines:#?}"
        );
    }
    // A flow that is called is compared as well.
    let texts = flows().swap_remove(4);
    let run = Run::of(&texts, json!({})).await;
    let called = texts[1]
        .replace("steps: [", "steps: [{ set: { new: 1 } }, ")
        .replace("{{uuid}}'", "{{uuid}}!'");
    let replayed = run.replay(&[texts[0], &called, texts[2]]).await;
    let lines = short(&replayed);
    let starts = [
        "input steps/0/each/0/steps/0/call/steps/1@input",
        "input steps/0/each/1/steps/0/call/steps/1@input",
    ];
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(
        lines
            .iter()
            .zip(starts)
            .all(|(line, start)| line.starts_with(start)),
        "{lines:#?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_run_fits_a_flow_that_does_the_same_up_to_there() {
    let run = Run::of(&[SIGN_UP], sign_up_input()).await;
    let log = "  - { action: test.read, with: { a: 1 } }\n";
    let update = SIGN_UP.find("  - if").unwrap();
    let with_log = format!("{}{log}{}", &SIGN_UP[..update], &SIGN_UP[update..]);
    let without_user = SIGN_UP.replace("test.create", "test.read");
    // The first action alone: it has been started, and has ended.
    for length in [1, 2] {
        for (text, fits) in [
            (SIGN_UP.to_owned(), true),
            (SIGN_UP.replace("1000", "2000"), true),
            (with_log.clone(), true),
            (without_user.clone(), false),
            (
                format!("steps:\n{}", &SIGN_UP[update..])
                    .replace("eq input.plan", "eq \"pro\"")
                    .replace("'{{input.plan}}'", "x")
                    .replace("'{{steps.user.user_id}}'", "x"),
                false,
            ),
        ] {
            let made = Made::new(&[&text]);
            let fit = check(run.recording(length, Status::Running), made.version()).await;
            assert_eq!(fit.is_ok(), fits, "{length}, {fit:?}: {text}");
        }
    }
    // Both actions: what comes between them now is not recorded.
    let made = Made::new(&[&with_log]);
    let fit = check(run.recording(4, Status::Running), made.version()).await;
    assert_eq!(
        fit.as_ref().map_err(line),
        Err("other steps/1 test.update test.read".to_owned())
    );
    // Unless the second is done again.
    let mut run = run;
    run.records.insert(
        4,
        Record::Dropped {
            at: run.started_at,
            keys: vec!["steps/1".to_owned()],
        },
    );
    let fit = check(run.recording(5, Status::Failed), made.version()).await;
    assert_eq!(fit, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn steps_are_found_where_they_have_moved_to() {
    let inside = |deed: &str| format!("{{ action: test.create, with: {{ x: {deed} }} }}");
    let [a, b, c, d] = ["a", "b", "c", "d"].map(inside);
    let flow = format!(
        "steps:
  - {{ switch: 'add 1 1', cases: {{ 1: [{a}], 2: [{b}] }} }}
  - {{ parallel: {{ x: [{a}, {b}], y: [{c}] }} }}
  - {{ for_each: 'split \"x,y\" \",\"', steps: [{c}, {{ if: true, then: [{d}] }}], id: l, yield: '{{{{uuid}}}}' }}
  - {{ action: test.create, with: {{ fails: refused }}, on_error: {{ refused: [{d}] }} }}"
    );
    let run = Run::of(&[&flow], json!({})).await;
    let set = "  - set: { x: 1 }\n";
    let edited = [
        // Before all of them; in front of each list; the first goes to the end.
        flow.replace("steps:\n", &format!("steps:\n{set}")),
        (0..8).fold(flow.clone(), |text, n| {
            text.replacen("[{ action", &format!("[{{ set: {{ v{n}: 1 }} }}, {{ action"), 1)
        }),
        {
            let (first, second) = (
                flow.find("  - { switch").unwrap(),
                flow.find("  - { parallel").unwrap(),
            );
            format!("{}{}\n{}", &flow[..first], &flow[second..], &flow[first..second])
        },
    ];
    for edited in edited {
        assert_eq!(
            short(&run.replay(&[&edited]).await),
            Vec::<String>::new(),
            "{edited}"
        );
    }
}
