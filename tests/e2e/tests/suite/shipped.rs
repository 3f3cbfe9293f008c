//! What ships is sound: flows, examples of actions, schemas.

use std::fs;
use std::sync::Arc;

use lockgate_catalogue::catalog;
use lockgate_flow::diagnostic::{Code, render_text};
use lockgate_flow::json_schema::flow_schema;
use lockgate_flow::source::Source;
use lockgate_flow::workspace::Workspace;

use crate::root;

fn workspace_file() -> Arc<Source> {
    Source::new(
        "lockgate.yaml",
        fs::read_to_string(root().join("lockgate.yaml")).unwrap(),
    )
}

fn shipped() -> Vec<Arc<Source>> {
    let mut sources: Vec<_> = fs::read_dir(root().join("flows"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.to_string_lossy().ends_with(".test.yaml") && path.is_file())
        .map(|path| {
            let name = format!("flows/{}", path.file_name().unwrap().to_str().unwrap());
            Source::new(name, fs::read_to_string(path).unwrap())
        })
        .collect();
    sources.sort_by(|a, b| a.path().cmp(b.path()));
    sources
}

#[test]
fn the_shipped_flows_have_no_finding() {
    let workspace = Workspace::check(Some(&workspace_file()), &shipped(), &catalog());
    assert!(
        workspace.diagnostics.is_empty(),
        "\n{}",
        render_text(&workspace.diagnostics, false)
    );
    let names: Vec<&str> = workspace.flows.iter().map(|flow| flow.name.as_str()).collect();
    let expected = [
        "bulk-invite",
        "create-user",
        "get-user",
        "sign-up",
        "sync-profile",
        "update-user",
        "upsert-user",
    ];
    assert_eq!(names, expected);
}

#[test]
fn the_shipped_flows_fit_the_editors_schema() {
    let schema = flow_schema(&catalog());
    let validator = jsonschema::validator_for(&schema).unwrap();
    for source in shipped() {
        let loaded = lockgate_flow::yaml::load(&source, lockgate_flow::yaml::Limits::default());
        let value = loaded.root.unwrap().to_value();
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", source.path());
    }
}

#[test]
fn a_refused_update_is_found_and_one_that_may_be_fine_is_not() {
    let flow = |changes: &str| {
        format!(
            "input:\n  id: {{ type: string }}\n  email: {{ type: string, required: false }}\n  password: {{ type: string, secret: true, required: false }}\n\
             steps:\n  - action: auth0.update_user\n    with: {{ user_id: \"{{{{input.id}}}}\", {changes} }}\n"
        )
    };
    let codes = |changes: &str| {
        let source = Source::new("flows/update.yaml", flow(changes));
        let workspace = Workspace::check(Some(&workspace_file()), &[source], &catalog());
        workspace
            .diagnostics
            .iter()
            .map(|finding| finding.code)
            .collect::<Vec<_>>()
    };
    let both = r#"email: "a@example.com", password: "{{default input.password 'x'}}""#;
    assert_eq!(codes(both), [Code::InvalidArgument]);
    let either =
        r#"email: "{{omit_if_missing input.email}}", password: "{{omit_if_missing input.password}}""#;
    assert_eq!(codes(either), []);
}
