//! What is served: a temporary workspace with the flows that the hand-written service has as handlers.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use super::binaries::Binaries;
use super::program::{Program, Running};

const WORKSPACE: &str = include_str!("workspace/lockgate.yaml");
const REGISTER: &str = include_str!("workspace/register.yaml");

/// The folder of one measurement: workspaces and logs. Removed in the end.
pub(super) struct Place {
    folder: TempDir,
    logs: TempDir,
    /// The flow that ships.
    sign_up: String,
}

/// How a server keeps the runs of `sign-up`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeping {
    /// `durable: false`.
    Not,
    /// `durability: batched`.
    Batched,
    /// `durability: full`.
    Full,
}

impl Keeping {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Not => "not-kept",
            Self::Batched => "batched",
            Self::Full => "full",
        }
    }
}

impl Place {
    pub(super) fn new() -> Result<Self> {
        let folder = tempfile::tempdir().context("making a temporary folder")?;
        // Logs are read by nobody: memory takes them without a disk in the way.
        let memory = Path::new("/dev/shm");
        let logs = if memory.is_dir() {
            tempfile::tempdir_in(memory)
        } else {
            tempfile::tempdir()
        };
        let mut place = Self {
            folder,
            sign_up: String::new(),
            logs: logs.context("making a folder for logs")?,
        };
        let sign_up = crate::root().join("flows/sign-up.yaml");
        let sign_up =
            fs::read_to_string(&sign_up).with_context(|| format!("reading {}", sign_up.display()))?;
        let header = "name: sign-up\n";
        ensure!(sign_up.contains(header), "flows/sign-up.yaml has another name");
        place.workspace(
            "few",
            &[
                // The flow that ships, kept out of the journal as the handler is.
                (
                    "sign-up".to_owned(),
                    sign_up.replace(header, &format!("{header}durable: false\n")),
                ),
                ("register".to_owned(), REGISTER.to_owned()),
            ],
        )?;
        place.sign_up = sign_up;
        Ok(place)
    }

    /// On the disk.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// For logs.
    pub(super) fn logs(&self) -> &Path {
        self.logs.path()
    }

    /// A server of the flow that ships, and of these, with a store of its own.
    pub(super) fn keeping(
        &self,
        binaries: &Binaries,
        keeping: Keeping,
        name: &'static str,
        more: &[(&str, &str)],
    ) -> Result<Kept> {
        let mut flows = vec![("sign-up".to_owned(), self.sign_up.clone())];
        let owned = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        flows.extend(more.iter().map(owned));
        if keeping == Keeping::Not {
            for (_, text) in &mut flows {
                *text = text.replacen("name:", "durable: false\nname:", 1);
            }
        }
        let folder = self.workspace(name, &flows)?;
        let path = folder.join("lockgate.yaml");
        let durability = match keeping {
            Keeping::Not => String::new(),
            kept => format!("\nstore:\n  path: runs.db\n  durability: {}\n", kept.name()),
        };
        fs::write(&path, format!("{WORKSPACE}{durability}"))
            .with_context(|| format!("writing {}", path.display()))?;
        Ok(Kept {
            program: Program {
                name,
                ..serve(binaries, &folder, Vec::new())
            },
            store: folder.join("runs.db"),
        })
    }

    /// Writes a workspace with these flows.
    fn workspace(&self, name: &str, flows: &[(String, String)]) -> Result<PathBuf> {
        let folder = self.folder.path().join(name);
        let write = |path: PathBuf, text: &str| {
            fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
        };
        fs::create_dir_all(folder.join("flows")).with_context(|| format!("making {}", folder.display()))?;
        write(folder.join("lockgate.yaml"), WORKSPACE)?;
        for (name, text) in flows {
            write(folder.join(format!("flows/{name}.yaml")), text)?;
        }
        Ok(folder)
    }

    /// A workspace with so many flows that each have a route and only answer.
    pub(super) fn routes(&self, count: usize) -> Result<PathBuf> {
        let flows: Vec<_> = (0..count)
            .map(|number| (format!("route-{number}"), route_flow(number)))
            .collect();
        self.workspace(&format!("routes-{count}"), &flows)
    }

    /// The emulated tenant. It sets no rate limits unless it is asked to.
    pub(super) fn tenant(&self, binaries: &Binaries) -> Result<Running> {
        self.tenant_with(binaries, "tenant", &[])
    }

    /// A tenant with these faults.
    pub(super) fn tenant_with(
        &self,
        binaries: &Binaries,
        name: &'static str,
        faults: &[&str],
    ) -> Result<Running> {
        let mut arguments = vec!["tenant".to_owned()];
        for fault in faults {
            arguments.extend(["--fault".to_owned(), (*fault).to_owned()]);
        }
        let program = Program {
            name,
            executable: binaries.lockgate.clone(),
            arguments,
            environment: Vec::new(),
        };
        program.start(self.logs())
    }

    /// `lockgate serve` with the same flows, which calls this tenant.
    pub(super) fn lockgate(&self, binaries: &Binaries, tenant: &Running) -> Result<Program> {
        let workspace = self.folder.path().join("few");
        Ok(serve(binaries, &workspace, credentials(tenant)?))
    }
}

/// A server that keeps runs.
pub(super) struct Kept {
    program: Program,
    /// The database file.
    pub(super) store: PathBuf,
}

impl Kept {
    /// Starts it with this tenant, and takes more runs at once than a server does that nobody has told to.
    pub(super) fn start(&mut self, place: &Place, tenant: &Running) -> Result<Running> {
        self.program.environment = credentials(tenant)?;
        self.program
            .environment
            .push(("LOCKGATE_MAX_RUNS", "1000000".to_owned()));
        self.program.start(place.logs())
    }

    /// The bytes that the store takes, its log too.
    pub(super) fn bytes(&self) -> u64 {
        let size = |end: &str| {
            let mut path = self.store.clone().into_os_string();
            path.push(end);
            // Beside a store that was closed there is no log.
            fs::metadata(path).map_or(0, |file| file.len())
        };
        size("") + size("-wal")
    }
}

/// The service written by hand, which calls this tenant.
pub(super) fn handwritten(binaries: &Binaries, tenant: &Running) -> Result<Program> {
    let mut environment = credentials(tenant)?;
    environment.push(("PORT", "0".to_owned()));
    Ok(Program {
        name: "handwritten",
        executable: binaries.handwritten.clone(),
        arguments: Vec::new(),
        environment,
    })
}

/// `lockgate serve` in a workspace.
pub(super) fn serve(
    binaries: &Binaries,
    workspace: &Path,
    environment: Vec<(&'static str, String)>,
) -> Program {
    let arguments = ["serve", "--port", "0", "--admin-port", "0"].map(str::to_owned);
    let folder = ["--directory".to_owned(), workspace.display().to_string()];
    Program {
        name: "lockgate",
        executable: binaries.lockgate.clone(),
        arguments: arguments.into_iter().chain(folder).collect(),
        environment,
    }
}

/// A flow that only answers: `GET /route-NUMBER/ANYTHING`.
pub(super) fn route_flow(number: usize) -> String {
    format!(
        "name: route-{number}\ntrigger: {{ http: GET /route-{number}/:id }}\ndurable: false\ninput: {{ id: {{ type: \
         string }} }}\nsteps:\n  - respond: {{ body: {{ id: \"{{{{input.id}}}}\" }} }}\n"
    )
}

fn credentials(tenant: &Running) -> Result<Vec<(&'static str, String)>> {
    Ok(vec![
        ("AUTH0_BASE_URL", tenant.said("url")?.to_owned()),
        ("AUTH0_CLIENT_ID", tenant.said("client_id")?.to_owned()),
        ("AUTH0_CLIENT_SECRET", tenant.said("client_secret")?.to_owned()),
    ])
}
