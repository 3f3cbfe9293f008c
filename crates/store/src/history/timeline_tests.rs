//! Records as steps.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::testing::at;
use super::timeline::{Event, StepState, Timeline};
use crate::record::{Kept, Record};
use crate::run::Status;

/// Milliseconds after the beginning.
fn ms(milliseconds: i64) -> Timestamp {
    at(0) + SignedDuration::from_millis(milliseconds)
}

fn started(key: &str, attempt: u32, at: i64, effect: &str) -> Record {
    Record::Started {
        key: key.to_owned(),
        attempt,
        at: ms(at),
        action: format!("test.{effect}"),
        effect: effect.to_owned(),
        input: Some((json!({ "of": key }), "d1".to_owned())),
    }
}

fn finished(key: &str, attempt: u32, at: i64, verb: &str, outcome: Result<Value, Value>) -> Record {
    let kept = |shown| Kept { shown, sealed: None };
    Record::Finished {
        key: key.to_owned(),
        attempt,
        at: ms(at),
        verb: verb.to_owned(),
        outcome: outcome.map(kept).map_err(kept),
    }
}

fn sleeping(key: &str, attempt: u32, at: i64, until: i64) -> Record {
    Record::Sleeping {
        key: key.to_owned(),
        attempt,
        at: ms(at),
        until: ms(until),
    }
}

fn woken(key: &str, attempt: u32, at: i64) -> Record {
    Record::Woken {
        key: key.to_owned(),
        attempt,
        at: ms(at),
    }
}

fn error(code: &str, retry: bool) -> Value {
    let mut error = json!({ "code": code, "message": "x", "status": 503, "step": "s" });
    if retry {
        error["retry_in"] = json!({ "secs": 1, "nanos": 0 });
    }
    error
}

/// Each step in one line: key, verb, state, milliseconds, attempts.
fn lines(records: &[Record], status: Status) -> Vec<String> {
    let timeline = Timeline::of(records, status);
    let line = |step: &super::Step| {
        let state = serde_json::to_value(step.state).unwrap();
        let attempts: Vec<String> = step
            .attempts
            .iter()
            .map(|attempt| {
                let code = attempt
                    .error
                    .as_ref()
                    .map_or("-", |error| error["code"].as_str().unwrap());
                format!("{}:{:?}:{code}", attempt.number, attempt.duration_ms)
            })
            .collect();
        format!(
            "{} {} {} {:?} [{}]",
            step.key,
            step.verb.as_deref().unwrap_or("?"),
            state.as_str().unwrap(),
            step.duration_ms,
            attempts.join(" ")
        )
    };
    timeline.steps.iter().map(line).collect()
}

#[test]
fn an_action_has_attempts_between_pauses() {
    let records = [
        finished(
            "steps/0@input",
            1,
            0,
            "action",
            Ok(json!({ "value": { "id": "u" }, "masked": ["••••"] })),
        ),
        started("steps/0", 1, 1, "idempotent"),
        finished("steps/0", 1, 11, "action", Err(error("busy", true))),
        sleeping("steps/0@retry", 2, 11, 1011),
        woken("steps/0@retry", 2, 1011),
        started("steps/0", 2, 1011, "idempotent"),
        finished("steps/0", 2, 1016, "action", Ok(json!({ "user_id": "auth0|1" }))),
    ];
    let timeline = Timeline::of(&records, Status::Succeeded);
    let [step] = &timeline.steps[..] else {
        panic!("{timeline:#?}")
    };
    assert_eq!(
        lines(&records, Status::Succeeded),
        ["steps/0 action finished Some(1016.0) [1:Some(10.0):busy 2:Some(5.0):-]"]
    );
    assert_eq!(step.action.as_deref(), Some("test.idempotent"));
    assert_eq!(step.attempts[0].next_at, Some(ms(1011)));
    assert_eq!(step.input, Some(json!({ "of": "steps/0" })));
    assert_eq!(step.output, Some(json!({ "user_id": "auth0|1" })));
    assert_eq!((&step.error, step.sleeps_until), (&None, None));
    assert_eq!(step.values[0].value, Some(json!({ "id": "u" })));
    // Cut off after each record.
    for (length, state) in [
        (1, StepState::Running),
        (2, StepState::Running),
        (3, StepState::Running),
        (4, StepState::Sleeping),
        (5, StepState::Running),
        (6, StepState::Running),
        (7, StepState::Finished),
    ] {
        let timeline = Timeline::of(&records[..length], Status::Running);
        assert_eq!(timeline.steps.len(), 1);
        assert_eq!(timeline.steps[0].state, state, "{length}");
    }
}

#[test]
fn a_step_fails_with_its_last_attempt() {
    let records = [
        started("steps/0", 1, 0, "once"),
        finished("steps/0", 1, 5, "action", Err(error("refused", false))),
        finished("steps/1", 1, 6, "fail", Err(error("mine", false))),
    ];
    assert_eq!(
        lines(&records, Status::Failed),
        [
            "steps/0 action failed Some(5.0) [1:Some(5.0):refused]",
            "steps/1 fail failed Some(0.0) []"
        ]
    );
    let timeline = Timeline::of(&records, Status::Failed);
    assert_eq!(timeline.steps[0].error, Some(error("refused", false)));
    assert_eq!(timeline.steps[1].error, Some(error("mine", false)));
}

#[test]
fn values_answers_and_sleeps_are_steps() {
    let answer = json!({ "value": { "status": 201, "headers": [], "body": 1 } });
    let records = [
        finished("steps/0@if", 1, 0, "if", Ok(json!({ "value": true }))),
        finished("steps/1@input", 1, 1, "set", Ok(json!({ "value": ["a"] }))),
        finished("steps/2", 1, 2, "respond", Ok(answer)),
        sleeping("steps/3@wait", 1, 3, 60_003),
        woken("steps/3@wait", 1, 60_005),
        finished("steps/4@end", 1, 60_006, "parallel", Ok(json!({ "return": 7 }))),
        finished("steps/5", 1, 60_007, "action", Ok(json!("pure"))),
    ];
    assert_eq!(
        lines(&records, Status::Succeeded),
        [
            "steps/0 if finished Some(0.0) []",
            "steps/1 set finished Some(0.0) []",
            "steps/2 respond finished Some(0.0) []",
            "steps/3 wait finished Some(60002.0) [1:Some(60002.0):-]",
            "steps/4 parallel finished Some(0.0) []",
            "steps/5 action finished Some(0.0) [1:None:-]",
        ]
    );
    let timeline = Timeline::of(&records, Status::Succeeded);
    assert_eq!(timeline.steps[1].output, Some(json!(["a"])));
    assert_eq!(timeline.steps[2].output.as_ref().unwrap()["status"], 201);
    assert_eq!(
        timeline.events,
        [Event::Woken {
            at: ms(60_005),
            key: "steps/3@wait".to_owned()
        }]
    );
    let asleep = Timeline::of(&records[..4], Status::Sleeping);
    assert_eq!(asleep.steps[3].state, StepState::Sleeping);
    assert_eq!(asleep.steps[3].sleeps_until, Some(ms(60_003)));
}

#[test]
fn what_has_no_outcome_stands_as_its_run_does() {
    let records = [
        started("steps/0", 1, 0, "once"),
        started("steps/1", 1, 1, "read"),
        sleeping("steps/2@wait", 1, 2, 9),
    ];
    for (status, states) in [
        (Status::Running, ["running", "running", "sleeping"]),
        (Status::Sleeping, ["running", "running", "sleeping"]),
        (Status::InDoubt, ["in_doubt", "dropped", "dropped"]),
        (Status::Failed, ["dropped", "dropped", "dropped"]),
        (Status::Cancelled, ["dropped", "dropped", "dropped"]),
    ] {
        let timeline = Timeline::of(&records, status);
        let found: Vec<Value> = timeline.steps.iter().map(|step| json!(step.state)).collect();
        assert_eq!(json!(found), json!(states), "{status:?}");
    }
}

#[test]
fn a_withdrawn_attempt_did_not_happen() {
    let withdrawn = Record::Withdrawn {
        key: "steps/0".to_owned(),
        attempt: 1,
        at: ms(1),
    };
    let records = [
        started("steps/0", 1, 0, "once"),
        withdrawn,
        Record::Resumed {
            at: ms(50),
            attempt: 1,
        },
        started("steps/0", 1, 60, "once"),
        finished("steps/0", 1, 65, "action", Ok(json!(1))),
    ];
    assert_eq!(
        lines(&records, Status::Succeeded),
        ["steps/0 action finished Some(65.0) [1:Some(5.0):-]"]
    );
    let timeline = Timeline::of(&records[..2], Status::InDoubt);
    assert_eq!(timeline.steps[0].state, StepState::Dropped);
    assert!(timeline.steps[0].attempts.is_empty());
}

#[test]
fn what_an_operator_had_done_again_stands_beside_it() {
    let keys = vec!["steps/1@input".to_owned(), "steps/1".to_owned()];
    let records = [
        started("steps/0", 1, 0, "once"),
        finished("steps/0", 1, 1, "action", Ok(json!(1))),
        finished("steps/1@input", 1, 1, "action", Ok(json!({ "value": 1 }))),
        started("steps/1", 1, 2, "read"),
        finished("steps/1", 1, 3, "action", Err(error("refused", false))),
        Record::Dropped {
            at: ms(100),
            keys: keys.clone(),
        },
        Record::Resumed {
            at: ms(101),
            attempt: 2,
        },
        started("steps/1", 1, 102, "read"),
        finished("steps/1", 1, 104, "action", Ok(json!(2))),
    ];
    assert_eq!(
        lines(&records, Status::Succeeded),
        [
            "steps/0 action finished Some(1.0) [1:Some(1.0):-]",
            "steps/1 action dropped Some(2.0) [1:Some(1.0):refused]",
            "steps/1 action finished Some(2.0) [1:Some(2.0):-]",
        ]
    );
    let timeline = Timeline::of(&records, Status::Succeeded);
    assert_eq!(
        timeline.events,
        [
            Event::Dropped { at: ms(100), keys },
            Event::Resumed {
                at: ms(101),
                attempt: 2
            },
        ]
    );
}

#[test]
fn it_is_json() {
    let records = [
        started("steps/0", 1, 0, "once"),
        finished("steps/0", 1, 5, "action", Ok(json!(1))),
        Record::Resumed {
            at: ms(6),
            attempt: 1,
        },
    ];
    let timeline = serde_json::to_value(Timeline::of(&records, Status::Running)).unwrap();
    assert_eq!(
        timeline,
        json!({
            "steps": [{
                "key": "steps/0",
                "verb": "action",
                "action": "test.once",
                "effect": "once",
                "state": "finished",
                "started_at": "2030-01-01T00:00:00Z",
                "ended_at": "2030-01-01T00:00:00.005Z",
                "duration_ms": 5.0,
                "sleeps_until": null,
                "attempts": [{
                    "number": 1,
                    "started_at": "2030-01-01T00:00:00Z",
                    "ended_at": "2030-01-01T00:00:00.005Z",
                    "duration_ms": 5.0,
                    "error": null,
                    "next_at": null,
                }],
                "input": { "of": "steps/0" },
                "output": 1,
                "error": null,
                "values": [],
            }],
            "events": [{ "event": "resumed", "at": "2030-01-01T00:00:00.006Z", "attempt": 1 }],
        })
    );
}
