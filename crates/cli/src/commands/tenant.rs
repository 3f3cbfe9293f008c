//! `lockgate tenant`.

use std::path::Path;

use anyhow::{Context as _, Result};
use lockgate_tenant::{SeedUser, StartError, Tenant};
use serde_json::json;

use super::{asked_to_end, counted};
use crate::args::TenantArgs;
use crate::exit::Exit;
use crate::terminal::Terminal;

pub(super) async fn tenant(folder: &Path, args: &TenantArgs, terminal: &Terminal) -> Result<Exit> {
    let mut builder = Tenant::builder()
        .port(args.port)
        .faults(args.fault.iter().cloned());
    if let Some(path) = &args.seed {
        let text = std::fs::read_to_string(folder.join(path))
            .with_context(|| format!("reading {}", path.display()))?;
        let users = SeedUser::list_from_json(&text).with_context(|| path.display().to_string())?;
        builder = builder.seed(users);
    }
    // Asked before anyone can know that it is ready.
    let end = asked_to_end();
    let tenant = builder.start().await.map_err(|error| match &args.seed {
        Some(path) if matches!(error, StartError::Seed(_)) => {
            anyhow::Error::new(error).context(path.display().to_string())
        }
        _ => error.into(),
    })?;
    let ready = json!({
        "url": tenant.url(),
        "client_id": tenant.client_id(),
        "client_secret": tenant.client_secret(),
    });
    terminal.print(&ready.to_string())?;
    end.await;
    let requests = usize::try_from(tenant.total_requests()).unwrap_or(usize::MAX);
    let held = format!(
        "{}, with {}",
        counted(requests, "request"),
        counted(tenant.user_count(), "user")
    );
    tenant.shutdown().await;
    terminal.remark(&format!("stopped after {held}"));
    Ok(Exit::Done)
}
