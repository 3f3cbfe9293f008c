//! The workspace that is served: four flows that sign people up.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, Result};

/// The store, in the workspace's folder; its file says so.
pub(crate) const STORE: &str = "runs.db";

/// A flow of the workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    SignUp,
    SignUpSlowly,
    /// Places orders with the order desk, too.
    Order,
    /// Charges somebody, by a call that can be in doubt.
    Charge,
}

impl Flow {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SignUp => "sign-up",
            Self::SignUpSlowly => "sign-up-slowly",
            Self::Order => "order",
            Self::Charge => "charge",
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::SignUp => include_str!("workspace/sign-up.yaml"),
            Self::SignUpSlowly => include_str!("workspace/sign-up-slowly.yaml"),
            Self::Order => include_str!("workspace/order.yaml"),
            Self::Charge => include_str!("workspace/charge.yaml"),
        }
    }
}

/// Writes it into a folder.
pub(crate) fn write(folder: &Path, order_desk: SocketAddr) -> Result<()> {
    let put = |name: String, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
    };
    fs::create_dir_all(folder.join("flows")).context("making the folder of the flows")?;
    put(
        "lockgate.yaml".to_owned(),
        include_str!("workspace/lockgate.yaml"),
    )?;
    for flow in [Flow::SignUp, Flow::SignUpSlowly, Flow::Order, Flow::Charge] {
        let text = flow.text().replace("ORDER_DESK", &format!("http://{order_desk}"));
        put(format!("flows/{}.yaml", flow.name()), &text)?;
    }
    Ok(())
}
