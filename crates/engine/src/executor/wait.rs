//! `wait`: the journal sleeps, and may take the run out of memory meanwhile.

use jiff::{SignedDuration, Timestamp};
use lockgate_flow::duration::parse_duration;
use lockgate_flow::expression::Ambient;
use lockgate_flow::graph::{Node, WaitOp};
use serde_json::{Value, json};

use super::evaluate::malformed;
use super::frame::Frame;
use super::limit::{Counted, Limit};
use super::walk::{Stop, Walker};
use crate::journal::{Journal, Slept};
use crate::outcome::StepError;

impl<J: Journal> Walker<'_, J> {
    pub(super) async fn wait(
        &self,
        node: &Node,
        wait: &WaitOp,
        frame: &Frame<'_>,
        limit: Limit,
    ) -> Result<(), Stop> {
        let clock = &*self.run.executor.clock;
        let mut until = self.wake_time(node, wait, frame).await?;
        let mut ended_by = None;
        if let Some((ends, level)) = limit.step {
            // Whether a step's limit cuts the sleep short must be the same in a replay, whose clock is another.
            let compute = |_: &mut dyn Ambient| {
                let left = ends.saturating_sub(clock.elapsed());
                let end = after(clock.now(), left);
                Ok(if end < until {
                    json!({ "until": end, "limit": level })
                } else {
                    json!({ "until": until })
                })
            };
            let planned = self.recorded(node, &frame.indices, "until", compute).await?;
            let planned_end = planned["until"].as_str().and_then(|text| text.parse().ok());
            until = planned_end.ok_or_else(|| malformed(node, "a time"))?;
            ended_by = planned["limit"]
                .as_u64()
                .and_then(|level| u32::try_from(level).ok());
        }
        let key = self.key(node, &frame.indices, "wait");
        let slept = {
            let _waiting = Counted::waiting(&self.run.active, clock);
            self.run
                .journal
                .sleep(&key, self.value_info(node), until, clock)
                .await?
        };
        match (slept, ended_by) {
            (Slept::Suspend, _) => Err(Stop::Suspended),
            (Slept::Elapsed, None) => Ok(()),
            (Slept::Elapsed, Some(level)) => {
                let mut error = self.step_error(node, "timeout", 504, "the time is over");
                error.limit = Some(level);
                Err(Stop::Error(error))
            }
        }
    }

    async fn wake_time(&self, node: &Node, wait: &WaitOp, frame: &Frame<'_>) -> Result<Timestamp, Stop> {
        let now = self.run.executor.clock.now();
        match wait {
            WaitOp::For(duration) => Ok(after(now, *duration)),
            WaitOp::ForValue(template) => {
                let value = self.template(node, frame, template).await?;
                let duration = value.as_str().and_then(|text| parse_duration(text).ok());
                Ok(after(
                    now,
                    duration.ok_or_else(|| self.no_time(node, &value, "a duration such as `5m`"))?,
                ))
            }
            WaitOp::Until(template) => {
                let value = self.template(node, frame, template).await?;
                let time = value.as_str().and_then(|text| text.parse().ok());
                Ok(time.ok_or_else(|| self.no_time(node, &value, "a time such as `2030-01-31T08:00:00Z`"))?)
            }
        }
    }

    fn no_time(&self, node: &Node, value: &Value, expected: &str) -> Box<StepError> {
        self.unusable(node, format!("`wait` takes {expected}, got {value}"))
    }
}

fn after(time: Timestamp, duration: std::time::Duration) -> Timestamp {
    let duration = SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
    time.checked_add(duration).unwrap_or(Timestamp::MAX)
}
