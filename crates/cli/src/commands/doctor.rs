//! `lockgate doctor`.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use lockgate_engine::clock::{Clock, SystemClock};

use crate::args::DoctorArgs;
use crate::catalogue;
use crate::doctor::{self, Checks, Health, Steady, StoreToCheck};
use crate::exit::Exit;
use crate::store;
use crate::terminal::Terminal;
use crate::workspace::Loaded;

pub(super) async fn doctor(folder: &Path, args: &DoctorArgs, terminal: &Terminal) -> Result<Exit> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let steady = Steady::begin(&*clock);
    let loaded = Loaded::find(folder, &catalogue::catalog(), &[])?;
    let typed = store::Typed {
        path: args.store.as_deref(),
        durability: None,
    };
    let settings = store::settings(&loaded, folder, typed);
    let mut checks = Checks::default();
    checks.begin("store");
    doctor::store(
        &mut checks,
        &StoreToCheck {
            settings: &settings,
            root: &loaded.root,
            keeps: loaded.checked.runnable().values().any(|flow| flow.durable),
        },
        &*clock,
    );
    checks.begin("connections");
    let tenants = doctor::connections(&mut checks, &loaded, &clock).await;
    checks.begin("clock");
    doctor::clock(&mut checks, &tenants, &steady, &*clock).await;
    doctor::schedules(&mut checks, &loaded, clock.now());
    checks.begin("environment");
    doctor::environment(&mut checks, &loaded);
    if args.json {
        terminal.print_json(&checks.as_json())?;
    } else {
        terminal.print(&checks.render(terminal.stdout_style()))?;
    }
    Ok(match checks.health() {
        Health::Ok | Health::Warning => Exit::Done,
        Health::Error => Exit::Failed,
    })
}
