//! `for_each`: a bounded number of turns at once, results in the order of the list.

use std::borrow::Cow;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use lockgate_flow::expression::Ambient;
use lockgate_flow::graph::{ForEach, Node};
use lockgate_flow::schema::TypeSet;
use serde_json::Value;

use super::frame::{Frame, Iteration};
use super::limit::{Counted, Limit};
use super::parallel::Ends;
use super::walk::{Done, Exit, Stop, Walker};
use crate::journal::Journal;
use crate::step_key::StepKey;

impl<'r, J: Journal> Walker<'r, J> {
    pub(super) async fn for_each<'f>(
        &self,
        node: &Node,
        each: &ForEach,
        frame: &Frame<'f>,
        limit: Limit,
    ) -> Result<Done, Stop>
    where
        'r: 'f,
    {
        let view = self.view(node, frame);
        let list = if node.deterministic {
            let list = each.list.value(&view, &mut self.ambient());
            list.map_err(|error| self.evaluation_error(node, &error))?
        } else {
            let compute = |ambient: &mut dyn Ambient| {
                let list = each.list.value(&view, ambient).map(Cow::into_owned);
                list.map_err(|error| self.evaluation_error(node, &error))
            };
            Cow::Owned(self.recorded(node, &frame.indices, "input", compute).await?)
        };
        let Value::Array(items) = &*list else {
            let message = format!("`for_each` goes over a list, got {}", TypeSet::of(&list));
            return Err(self.unusable(node, message).into());
        };
        let mut results = vec![Value::Null; items.len()];
        let mut turns = (0_u32..).zip(items);
        let ends = if each.at_once <= 1 {
            self.one_by_one(node, each, frame, limit, turns, &mut results)
                .await
        } else {
            let clock = &*self.run.executor.clock;
            let active = &self.run.active;
            let _waiting = Counted::waiting(active, clock);
            let start = |(turn, item)| async move {
                let _branch = Counted::branch(active, clock);
                (turn, self.turn(node, each, frame, limit, turn, item).await)
            };
            let mut running: FuturesUnordered<_> = turns.by_ref().take(each.at_once).map(start).collect();
            let mut ends = Ends::default();
            while let Some((turn, exit)) = running.next().await {
                let is_over = ends.take(exit.map(|(exit, result)| {
                    place(&mut results, turn, result);
                    exit
                }));
                if is_over {
                    break;
                }
                // A turn that sleeps keeps its place among those that run at once, and so nothing new begins.
                if ends.is_good() {
                    tokio::task::coop::consume_budget().await;
                    running.extend(turns.next().map(start));
                }
            }
            ends
        };
        match self.settle(node, &frame.indices, ends).await? {
            Done::Nothing => Ok(Done::Value(Value::Array(results))),
            done => Ok(done),
        }
    }

    async fn one_by_one<'f>(
        &self,
        node: &Node,
        each: &ForEach,
        frame: &Frame<'f>,
        limit: Limit,
        turns: impl Iterator<Item = (u32, &Value)> + Send,
        results: &mut [Value],
    ) -> Ends
    where
        'r: 'f,
    {
        let mut ends = Ends::default();
        for (turn, item) in turns {
            let exit = self.turn(node, each, frame, limit, turn, item).await;
            let is_over = ends.take(exit.map(|(exit, result)| {
                place(results, turn, result);
                exit
            }));
            if is_over || !ends.is_good() {
                break;
            }
            // A long list of steps that never wait must let other runs go on.
            tokio::task::coop::consume_budget().await;
        }
        ends
    }

    /// One turn: its steps, then `yield`.
    async fn turn<'f>(
        &self,
        node: &Node,
        each: &ForEach,
        frame: &Frame<'f>,
        limit: Limit,
        turn: u32,
        item: &Value,
    ) -> Result<(Exit, Value), Stop>
    where
        'r: 'f,
    {
        self.in_time(node, limit)?;
        let iteration = Iteration {
            depth: each.depth,
            item,
            index: turn.into(),
        };
        let mut inner = Frame::iteration(frame, &each.body.slots, iteration, turn);
        let exit = self.walk_inside(&mut inner, each.body.entry, limit).await?;
        let result = match (&exit, &each.result) {
            (Exit::Return(_), _) | (_, None) => Value::Null,
            (Exit::End, Some(template)) if template.is_pure() => {
                self.template_now(node, &inner, template, &mut self.ambient())?
            }
            (Exit::End, Some(template)) => {
                let path = format!("{}/each/#", node.path);
                let key = StepKey {
                    parent: self.parent,
                    path: &path,
                    indices: &inner.indices,
                    part: "yield",
                };
                let compute = |ambient: &mut dyn Ambient| self.template_now(node, &inner, template, ambient);
                self.recorded_at(&key, node, compute).await?
            }
        };
        Ok((exit, result))
    }
}

fn place(results: &mut [Value], turn: u32, result: Value) {
    if let Some(place) = results.get_mut(turn as usize) {
        *place = result;
    }
}
