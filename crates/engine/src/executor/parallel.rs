//! `parallel`: branches in the run's own task.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use lockgate_flow::graph::{Branch, Node};
use serde_json::{Value, json};

use super::evaluate::settled;
use super::frame::Frame;
use super::limit::{Counted, Limit};
use super::walk::{Done, Exit, Stop, Walker};
use crate::journal::Journal;

impl<'r, J: Journal> Walker<'r, J> {
    pub(super) async fn parallel<'f>(
        &self,
        node: &Node,
        branches: &[Branch],
        frame: &mut Frame<'f>,
        limit: Limit,
    ) -> Result<Done, Stop>
    where
        'r: 'f,
    {
        let clock = &*self.run.executor.clock;
        let active = &self.run.active;
        let mut remains = Vec::with_capacity(branches.len());
        let end = {
            let parent: &Frame<'_> = frame;
            let _waiting = Counted::waiting(active, clock);
            let mut running: FuturesUnordered<_> = branches
                .iter()
                .map(|branch| async move {
                    let _branch = Counted::branch(active, clock);
                    let mut frame = Frame::branch(parent, &branch.region.slots);
                    let exit = self.walk_inside(&mut frame, branch.region.entry, limit).await;
                    (exit, frame.into_remains())
                })
                .collect();
            let mut ends = Ends::default();
            while let Some((exit, left)) = running.next().await {
                remains.push(left);
                if ends.take(exit) {
                    break;
                }
            }
            // What still runs is dropped here, before the end is recorded.
            ends
        };
        let done = self.settle(node, &frame.indices, end).await?;
        for remains in remains {
            frame.merge(remains);
        }
        Ok(done)
    }

    /// Records which branch ended them all, so that a replay takes the same: in it, all branches come at once.
    pub(super) async fn settle(&self, node: &Node, indices: &[u32], ends: Ends) -> Result<Done, Stop> {
        let key = self.key(node, indices, "end");
        let info = self.value_info(node);
        let outcome = match ends.first {
            None => return ends.rest.map_or(Ok(Done::Nothing), Err),
            Some(Ok(value)) => {
                let effect = |_| async move { Some(Ok(json!({ "return": value }))) };
                self.run.journal.step(&key, info, effect).await?
            }
            Some(Err(Stop::Error(error))) => {
                self.run
                    .journal
                    .step(&key, info, |_| async move { Some(Err(error)) })
                    .await?
            }
            Some(Err(stop)) => return Err(stop),
        };
        let mut end = settled(node, outcome)?;
        Ok(Done::Return(
            end.get_mut("return").map_or(Value::Null, Value::take),
        ))
    }
}

/// How branches ended.
#[derive(Default)]
pub(super) struct Ends {
    /// What ends all of them.
    first: Option<Result<Value, Stop>>,
    /// What ends the run once the others are done too.
    rest: Option<Stop>,
}

impl Ends {
    /// Notes how one ended; whether that ends the others.
    ///
    /// One that sleeps, or is in doubt, lets the others finish: to drop them would put them in doubt as well.
    pub(super) fn take(&mut self, exit: Result<Exit, Stop>) -> bool {
        match exit {
            Ok(Exit::End) => {}
            Ok(Exit::Return(value)) => self.first = Some(Ok(value)),
            Err(stop @ (Stop::Error(_) | Stop::Journal(_))) => self.first = Some(Err(stop)),
            Err(stop @ Stop::InDoubt(_)) => self.rest = Some(stop),
            Err(Stop::Suspended) => {
                self.rest.get_or_insert(Stop::Suspended);
            }
        }
        self.first.is_some()
    }

    pub(super) fn is_good(&self) -> bool {
        self.first.is_none() && self.rest.is_none()
    }
}
