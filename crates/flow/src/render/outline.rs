//! What the renderings draw: a tree of blocks with the words already chosen.
//!
//! Knows nothing of YAML or expressions; the reader of the syntax tree fills it.

use crate::graph::Edge;
use crate::source::Span;

/// A flow, ready to be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// The flow's name.
    pub name: String,
    /// The flow's description.
    pub description: Option<String>,
    /// How it starts.
    pub trigger: Card,
    /// The fields that it takes, in the author's order.
    pub input: Vec<Field>,
    /// Its steps.
    pub body: Vec<Block>,
    /// `on_error` of the flow; empty where there is none.
    pub on_error: Vec<Block>,
}

/// An input field in a few words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type and default: `email`, `free | pro = free`.
    pub description: String,
    /// Whether it may be left out.
    pub optional: bool,
    /// Whether it is masked.
    pub secret: bool,
}

/// A step with all that hangs on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What stands in its box.
    pub card: Card,
    /// What is inside it.
    pub shape: Shape,
    /// `on_error` of the step.
    pub handlers: Vec<Handling>,
}

/// What is inside a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Nothing: one box.
    Plain,
    /// Exactly one of the arms is taken. An arm without blocks goes straight on.
    Choice(Vec<Arm>),
    /// All arms are taken at once.
    Parallel(Vec<Arm>),
    /// The blocks run for each element of a list.
    Loop(Vec<Block>),
}

/// A labelled way through a choice or a parallel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arm {
    /// `yes`, a case's value, a branch's name.
    pub label: String,
    /// Which of the step's ways it is.
    pub way: Edge,
    /// The structural path of its list of steps, also of one that is not written; `None` where no list can be: of an `if`
    /// beside another verb.
    pub list: Option<String>,
    /// Its blocks.
    pub body: Vec<Block>,
}

/// A way that is taken on an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handling {
    /// The error's code, or `any error`, or `other errors`.
    pub label: String,
    /// Which of the step's ways it is.
    pub way: Edge,
    /// The structural path of its list of steps; `None` for `continue`.
    pub list: Option<String>,
    /// What runs; nothing for `continue`.
    pub body: Vec<Block>,
}

/// The words of a box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// Names the box, alone in its picture: the path; with `?` at its end for the decision of an `if` beside another verb.
    pub key: String,
    /// The step's structural path (`steps/3/then/0`); `trigger` for the trigger.
    pub path: String,
    /// The step's `id`.
    pub id: Option<String>,
    /// Where the step stands in the text.
    pub span: Option<Span>,
    /// What it is.
    pub kind: Kind,
    /// What it is about: the group before the action's dot (`auth0`, `http`), else the kind's name.
    pub icon: String,
    /// `name`, else `id`, else what it does.
    pub title: String,
    /// What it does or about what, in a few words.
    pub subtitle: Option<String>,
    /// Whether the subtitle is code, to be set in a monospaced font.
    pub code: bool,
    /// Limits and marks: `3 attempts`, `timeout 5s`, `secret`.
    pub marks: Vec<String>,
    /// What is shown on hovering: all of it, unshortened.
    pub hover: String,
}

impl Card {
    /// A box of the flow itself, that stands for no step.
    pub fn of_flow(key: &str, kind: Kind, title: &str) -> Self {
        Self {
            key: key.to_owned(),
            path: key.to_owned(),
            id: None,
            span: None,
            kind,
            icon: kind.name().to_owned(),
            title: title.to_owned(),
            subtitle: None,
            code: false,
            marks: Vec::new(),
            hover: title.to_owned(),
        }
    }
}

/// What a box is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// The trigger, or the plain start.
    Trigger,
    /// `action`
    Action,
    /// `if`
    Decision,
    /// `switch`
    Switch,
    /// `parallel`
    Parallel,
    /// `for_each`
    Loop,
    /// `set`
    Set,
    /// `wait`
    Wait,
    /// `call`
    Call,
    /// `respond`
    Respond,
    /// `redirect`
    Redirect,
    /// `return`
    Return,
    /// `fail`
    Fail,
    /// A step that could not be read.
    Invalid,
}

impl Kind {
    /// A word for classes and `data-kind`: the verb, or `trigger`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trigger => "trigger",
            Self::Action => "action",
            Self::Decision => "if",
            Self::Switch => "switch",
            Self::Parallel => "parallel",
            Self::Loop => "for_each",
            Self::Set => "set",
            Self::Wait => "wait",
            Self::Call => "call",
            Self::Respond => "respond",
            Self::Redirect => "redirect",
            Self::Return => "return",
            Self::Fail => "fail",
            Self::Invalid => "invalid",
        }
    }

    /// Whether a run ends here.
    pub const fn ends(self) -> bool {
        matches!(self, Self::Return | Self::Fail)
    }
}

impl Block {
    /// How many steps are inside, at any depth, handlers included.
    pub fn inside(&self) -> usize {
        let of_shape = match &self.shape {
            Shape::Plain => 0,
            Shape::Choice(arms) | Shape::Parallel(arms) => arms.iter().map(|arm| steps_of(&arm.body)).sum(),
            Shape::Loop(body) => steps_of(body),
        };
        let of_handlers: usize = self
            .handlers
            .iter()
            .map(|handling| steps_of(&handling.body))
            .sum();
        of_shape + of_handlers
    }

    /// Its place in its list of steps, by its path.
    pub fn index(&self) -> Option<usize> {
        self.card.path.rsplit('/').next()?.parse().ok()
    }

    /// Whether it is the decision of an `if` beside another verb: no step, but a part of one.
    pub fn is_condition(&self) -> bool {
        self.card.key != self.card.path
    }

    /// Whether a run can go on after it (or after one of its handlers).
    pub fn goes_on(&self) -> bool {
        self.goes_on_inside() || self.handlers.iter().any(|handling| goes_on(&handling.body))
    }

    /// Whether a run can go on after it when no error is raised.
    pub(super) fn goes_on_inside(&self) -> bool {
        match &self.shape {
            Shape::Plain => !self.card.kind.ends(),
            Shape::Choice(arms) => arms.is_empty() || arms.iter().any(|arm| goes_on(&arm.body)),
            // A loop over an empty list goes on whatever its steps do.
            Shape::Loop(_) => true,
            // One branch that ends the run ends it for all.
            Shape::Parallel(arms) => arms.iter().all(|arm| goes_on(&arm.body)),
        }
    }
}

/// Whether the way goes on after a sequence. Its last block decides: what stands after an end is a mistake that
/// the checker reports, and is drawn as if it were reached.
pub(super) fn goes_on(blocks: &[Block]) -> bool {
    blocks.last().is_none_or(Block::goes_on)
}

/// How many steps there are, at any depth.
pub(super) fn steps_of(blocks: &[Block]) -> usize {
    blocks
        .iter()
        .map(|block| usize::from(!block.is_condition()) + block.inside())
        .sum()
}
