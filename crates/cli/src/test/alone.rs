//! `--step`: one step of a flow, with what was typed in the place of a case.

use std::path::Path;

use anyhow::Result;
use lockgate_flow::diagnostic::{Diagnostic, suggestion};
use lockgate_flow::source::Source;
use lockgate_testing::file::{TestFile, parse};
use lockgate_testing::{Subject, check};
use serde_json::{Map, Value, json};

use crate::args::TestArgs;
use crate::exit::Mistake;
use crate::run::{Given, read_object};
use crate::workspace::Loaded;

/// What findings of the case are shown under: nobody wrote it into a file.
const SOURCE: &str = "--step";

/// A test file of one case, that runs the step alone. Mocks, users and connections are those of the flow's own tests.
///
/// # Errors
/// There is no such flow, or what was typed cannot be read.
pub(crate) fn alone(
    loaded: &Loaded,
    folder: &Path,
    args: &TestArgs,
    step: &str,
    tests: &[TestFile],
    subject: &Subject,
) -> Result<(TestFile, Vec<Diagnostic>)> {
    let [wanted] = args.paths.as_slice() else {
        return Err(Mistake::new("`--step` is of one flow")
            .help("write `lockgate test sign-up --step user`")
            .into());
    };
    let checked = loaded.flow(folder, wanted)?;
    let Some(flow) = &checked.flow else {
        return Err(Mistake::new(format!("the flow `{}` cannot run", checked.name))
            .help("`lockgate check` says why")
            .into());
    };
    let known = flow.steps.iter().map(|step| step.id.as_str());
    let mut known = known.filter(|id| !id.is_empty());
    if !known.clone().any(|id| id == step) {
        return Err(Mistake::new(format!("`{}` has no step `{step}`", flow.name))
            .maybe_help(suggestion(step, known.by_ref()))
            .into());
    }
    let input = Given::read(&args.input, args.input_json.as_deref(), folder)?.part(&flow.input);
    let given = match &args.given {
        Some(given) => read_object("--given", given, folder)?,
        None => Map::new(),
    };
    let case = json!({
        "name": format!("{step} alone"),
        "step": step,
        "input": input,
        "given": given,
        // Its error is a result like any other.
        "expect": { "status": { "any": "string" } },
    });
    // JSON is YAML.
    let text = json!({ "flow": flow.name, "cases": [case] });
    let (mut file, mut findings) = parse(&Source::new(SOURCE, text.to_string()));
    findings.extend(check(subject, &file));
    let own = tests.iter().find(|tests| {
        let tested = tests.flow.as_ref();
        tested.is_some_and(|tested| tested.value == flow.name)
    });
    if let Some(own) = own {
        file.setup = own.setup.clone();
    }
    Ok((file, findings))
}

/// What a step gave: its result, or its error.
pub(crate) fn result(run: &lockgate_testing::report::RunReport) -> (Value, bool) {
    match &run.error {
        Some(error) => (json!({ "error": error }), true),
        None => (run.output.clone().unwrap_or(Value::Null), false),
    }
}
