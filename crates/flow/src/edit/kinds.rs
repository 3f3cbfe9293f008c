//! The edits that there are.

use serde_json::Value;

/// One thing that is done to a flow. Steps are named by their structural paths (`steps/3/then/0`), keys by JSON Pointers
/// (RFC 6901) within a step; the empty path is the flow itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// Puts a step into a slot.
    Insert {
        /// Where.
        at: Slot,
        /// What.
        step: NewStep,
    },
    /// Takes steps out.
    Delete {
        /// Their paths.
        steps: Vec<String>,
    },
    /// Puts steps into a slot, in the order of the text.
    Move {
        /// Their paths.
        steps: Vec<String>,
        /// Where; counted before they are taken out.
        at: Slot,
    },
    /// Puts copies into a slot; ids that are taken get another number.
    Copy {
        /// Their paths.
        steps: Vec<String>,
        /// Where.
        at: Slot,
    },
    /// Puts neighbours inside a new step.
    Wrap {
        /// Their paths.
        steps: Vec<String>,
        /// The new step's verb.
        within: Wrapper,
    },
    /// Puts the steps inside a step into its place.
    Unwrap {
        /// Its path.
        step: String,
    },
    /// Gives a key a value; what stands around it stays as it is.
    Set {
        /// The step's path.
        step: String,
        /// Which key.
        key: String,
        /// A text is written in the style of the one that it replaces, where that can be.
        value: Value,
    },
    /// Takes a key out; maps that become empty with it too, where they may be left out.
    Remove {
        /// The step's path.
        step: String,
        /// Which key.
        key: String,
    },
    /// Gives a key another name, in its place: a case, a branch, a code, a variable, an input field. The uses of a variable
    /// or input field follow.
    Rename {
        /// The step's path.
        step: String,
        /// Which key.
        key: String,
        /// Its new name.
        to: String,
    },
    /// Gives a step another id; its uses follow.
    RenameId {
        /// Its path.
        step: String,
        /// The new id.
        to: String,
    },
}

/// A place for steps.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    /// The structural path of a list of steps, also of one that is not there yet: `steps`, `steps/3/then`,
    /// `steps/4/cases/pro`, `steps/4/default`, `steps/1/parallel/crm`, `steps/0/on_error/user_exists`, `on_error`.
    pub list: String,
    /// Before the step that has this index now; the list's length for its end.
    pub index: usize,
}

/// A step that is put in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewStep {
    /// One that calls this action, with what it needs at the least.
    Action(String),
    /// One of another verb.
    Verb(String),
    /// Steps as YAML: one, or a list.
    Yaml(String),
}

/// What steps are wrapped in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrapper {
    /// `if` with `then`.
    If,
    /// `switch` with one case.
    Switch,
    /// `parallel` with one branch for each step.
    Parallel,
    /// `for_each`.
    ForEach,
}
