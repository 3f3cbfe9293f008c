//! The pages about the house say what is there.

use std::collections::BTreeSet;
use std::fs;

use crate::root;

#[test]
fn the_architecture_page_lists_every_crate() {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let folders: BTreeSet<String> = fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let listed: BTreeSet<String> = page
        .lines()
        .filter_map(|line| {
            line.strip_prefix("| [`")?
                .split_once('`')
                .map(|(name, _)| name.to_owned())
        })
        .collect();
    assert_eq!(listed, folders, "ARCHITECTURE.md lists the crates");
}

#[test]
fn arrows_go_down_only() {
    let allowed: &[(&str, &[&str])] = &[
        ("flow", &[]),
        ("engine", &["flow"]),
        ("http", &["flow", "engine"]),
        ("actions", &["flow", "engine", "http"]),
        ("connectors", &["flow", "engine", "http"]),
        ("auth0", &["flow", "engine"]),
        ("store", &["flow", "engine"]),
        ("runtime", &["flow", "engine", "store"]),
        ("server", &["flow", "engine", "store", "runtime"]),
        ("studio", &["flow", "engine", "store", "runtime", "server"]),
        ("tenant", &[]),
        (
            "catalogue",
            &[
                "flow",
                "engine",
                "http",
                "actions",
                "connectors",
                "auth0",
                "server",
            ],
        ),
        ("testing", &["flow", "engine", "auth0", "tenant"]),
        (
            "cli",
            &[
                "flow",
                "engine",
                "http",
                "actions",
                "connectors",
                "catalogue",
                "auth0",
                "store",
                "runtime",
                "server",
                "studio",
                "tenant",
                "testing",
            ],
        ),
        // The benchmark looks into stores, and fills one.
        (
            "xtask",
            &[
                "flow",
                "engine",
                "http",
                "actions",
                "connectors",
                "catalogue",
                "auth0",
                "store",
                "runtime",
                "server",
                "crash",
                "testing",
            ],
        ),
    ];
    for (name, below) in allowed {
        let manifest = fs::read_to_string(root().join("crates").join(name).join("Cargo.toml")).unwrap();
        let normal = manifest.split("[dev-dependencies]").next().unwrap();
        let used: BTreeSet<&str> = normal
            .lines()
            .filter_map(|line| line.strip_prefix("lockgate-")?.split(['.', ' ', '=']).next())
            .collect();
        let allowed: BTreeSet<&str> = below.iter().copied().collect();
        assert!(
            used.is_subset(&allowed),
            "{name} may use {allowed:?} and uses {used:?}"
        );
    }
}
