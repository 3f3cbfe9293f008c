//! The verbs of steps, for people: what each does, how one begins, and which keys it has.

/// A verb.
#[derive(Clone, Copy, Debug)]
pub(super) struct VerbInfo {
    pub(super) name: &'static str,
    /// In a few words.
    pub(super) summary: &'static str,
    /// Two or three sentences of Markdown.
    pub(super) docs: &'static str,
    /// A step to begin with; deeper lines are indented from the step's column, `${}` is where the cursor goes.
    pub(super) snippet: &'static str,
}

/// All of them, in the order of the language page. `if` stands for a choice.
pub(super) const VERBS: [VerbInfo; 12] = [
    VerbInfo {
        name: "action",
        summary: "calls an action",
        docs: "Calls an action of the catalogue with the arguments under `with`. Its result is `steps.<id>` for the \
               steps after it. `retry` repeats it where it fails, `on_error` says what happens then.",
        snippet: "action: ${}",
    },
    VerbInfo {
        name: "if",
        summary: "chooses between steps",
        docs: "Runs the steps under `then` where the expression is true, else those under `else`; either may be left \
               out. Beside another verb, `if` decides whether that step runs. Not true are `false`, `null`, a missing \
               value, `\"\"`, `0`, `[]` and `{}`.",
        snippet: "if: ${}\nthen:\n  - ",
    },
    VerbInfo {
        name: "switch",
        summary: "takes the case that equals a value",
        docs: "Takes the case that equals the value, strictly by type. `default` is for all other values; without it \
               nothing happens for them.",
        snippet: "switch: ${}\ncases:\n  ",
    },
    VerbInfo {
        name: "parallel",
        summary: "runs branches at the same time",
        docs: "Runs all branches at the same time and goes on when the last is done; the first error cancels the \
               others. A branch does not see what the others do; the steps after it see the results of all.",
        snippet: "parallel:\n  ${}:\n    - ",
    },
    VerbInfo {
        name: "for_each",
        summary: "runs steps for each element of a list",
        docs: "Runs `steps` for each element of a list, `at_once` of them at the same time. The element is `item`, or \
               the name after `as`; `index` counts from 0. The result is the list of what `yield` gave, in the list's \
               order.",
        snippet: "for_each: ${}\nsteps:\n  - ",
    },
    VerbInfo {
        name: "set",
        summary: "sets variables",
        docs: "Sets variables, which later steps read as `vars.<name>`. Several are set in the order written, and each \
               may use those before it. What is set inside a `for_each` stays there.",
        snippet: "set: { ${} }",
    },
    VerbInfo {
        name: "wait",
        summary: "sleeps",
        docs: "Sleeps for a duration like `15m`, or `until` a time with its zone. A durable run survives a restart \
               while it sleeps, and waiting does not count for the flow's `timeout`.",
        snippet: "wait: ${}",
    },
    VerbInfo {
        name: "call",
        summary: "runs another flow",
        docs: "Runs another flow of the workspace with the input under `with`. The result is what that flow returned; \
               the error that ends it is the error of this step. Flows cannot call each other in a circle.",
        snippet: "call: ${}",
    },
    VerbInfo {
        name: "respond",
        summary: "answers the HTTP caller, and goes on",
        docs: "Answers the HTTP caller with a status, headers and a body. The steps after it still run, so a flow can \
               answer first and do the slow part behind it. A caller gets one answer.",
        snippet: "respond:\n  status: 200\n  body: ${}",
    },
    VerbInfo {
        name: "return",
        summary: "ends the run with a result",
        docs: "Ends the run with a result, which is the body of the HTTP answer if nothing has answered yet. In a \
               branch, a loop or a handler it still ends the whole run; in a called flow it ends that flow.",
        snippet: "return: ${}",
    },
    VerbInfo {
        name: "redirect",
        summary: "sends the HTTP caller to another address",
        docs: "Answers the HTTP caller with a redirect, 303 if no other status is given. Like `respond` it does not end \
               the run. What a caller sends belongs into `url_encode`, behind an address that is written out.",
        snippet: "redirect: ${}",
    },
    VerbInfo {
        name: "fail",
        summary: "ends the run as failed",
        docs: "Ends the run as failed: `code` is for programs, `message` for people, `status` for HTTP (422 if it is \
               left out). It is a decision of the flow, so only the `on_error` of the flow sees it, not those of the \
               steps around.",
        snippet: "fail: { code: ${}, message: \"\" }",
    },
];

/// A verb by its name.
pub(super) fn verb(name: &str) -> Option<&'static VerbInfo> {
    VERBS.iter().find(|verb| verb.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax;

    #[test]
    fn every_verb_is_here() {
        let written = |name: &&&str| !matches!(**name, "then" | "else");
        for name in syntax::VERBS.iter().filter(written).chain(&["if"]) {
            let info = verb(name).unwrap_or_else(|| panic!("nothing about `{name}`"));
            assert!(info.snippet.starts_with(&format!("{name}:")), "{name}");
            assert!(info.docs.split(". ").count() > 1, "{name} needs two sentences");
        }
        assert_eq!(VERBS.len(), syntax::VERBS.len() - 1);
    }
}
