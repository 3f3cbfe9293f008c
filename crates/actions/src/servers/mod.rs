//! For tests: servers from Debian's packages, each in a folder of its own, on loopback, as an ordinary user, ended when it is
//! dropped.
//!
//! Where a program is not installed the test is left out and says so, unless `LOCKGATE_TEST_ALL=1`: then it fails.
//! `cargo xtask test` installs them where it runs as CI does.

mod exim;
mod postgres;

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub(crate) use exim::Exim;
pub(crate) use postgres::Postgres;

/// The certificate of the servers, for `localhost`. Self-signed: a client that is to trust it is given this file.
pub(crate) const CERTIFICATE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/src/servers/certificates/localhost.pem"
);

/// Its key.
const KEY: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/src/servers/certificates/localhost.key"
);

/// Says that a test is left out, or fails where none may be.
#[allow(clippy::print_stderr, clippy::disallowed_methods)]
pub(crate) fn left_out(program: &str, package: &str) {
    assert!(
        std::env::var("LOCKGATE_TEST_ALL").as_deref() != Ok("1"),
        "{program} is not installed: `apt-get install {package}`"
    );
    eprintln!("SKIPPED: {program} is not installed (`apt-get install {package}`)");
}

/// A folder that belongs to the user whom a server runs as, and that user's and group's numbers where it is not who runs the
/// tests.
struct Place {
    folder: TempDir,
    user: Option<(u32, u32)>,
}

impl Place {
    /// `user` counts where the tests run as root, which servers refuse to be.
    fn new(user: &'static str) -> Self {
        let folder = tempfile::Builder::new().prefix("lockgate-").tempdir().unwrap();
        let user = (id("-u", None) == 0).then(|| (id("-u", Some(user)), id("-g", Some(user))));
        let place = Self { folder, user };
        place.hand_over(place.folder.path());
        fs::set_permissions(place.folder.path(), fs::Permissions::from_mode(0o750)).unwrap();
        place
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The user and the group by number.
    fn ids(&self) -> (u32, u32) {
        self.user.unwrap_or_else(|| (id("-u", None), id("-g", None)))
    }

    fn folder(&self, name: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir(&path).unwrap();
        self.hand_over(&path);
        path
    }

    /// A file that its user alone can read, which servers ask for of a key.
    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        self.hand_over(&path);
        path
    }

    fn hand_over(&self, path: &Path) {
        if let Some((user, group)) = self.user {
            chown(path, Some(user), Some(group)).unwrap();
        }
    }

    /// A program, run as the user.
    fn command(&self, program: &Path) -> Command {
        let mut command = match self.user {
            None => Command::new(program),
            // It becomes the user and is then replaced by the program: what is killed is the program itself.
            Some((user, group)) => {
                let mut command = Command::new("setpriv");
                command
                    .arg(format!("--reuid={user}"))
                    .arg(format!("--regid={group}"));
                command.args(["--clear-groups", "--"]).arg(program);
                command
            }
        };
        command
            .current_dir(self.path())
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(self.path().join("stderr")).unwrap());
        command
    }

    /// What the program that was started last wrote.
    fn stderr(&self) -> String {
        fs::read_to_string(self.path().join("stderr")).unwrap()
    }
}

fn id(what: &str, user: Option<&str>) -> u32 {
    let output = Command::new("id").arg(what).args(user).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

/// A process that ends when this is dropped: it is asked to, so that it ends its own processes and gives back what it has of
/// the system, and killed where it does not.
struct Running {
    child: Child,
    signal: &'static str,
}

impl Running {
    /// `signal` is what ends it at once, like `TERM`.
    fn start(command: &mut Command, signal: &'static str) -> Self {
        let child = command.spawn().unwrap();
        Self { child, signal }
    }

    fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let asked = Command::new("kill")
            .arg(format!("-{}", self.signal))
            .arg(self.child.id().to_string())
            .stderr(Stdio::null())
            .status();
        let limit = Instant::now() + Duration::from_secs(10);
        while asked.as_ref().is_ok_and(ExitStatus::success)
            && Instant::now() < limit
            && matches!(self.child.try_wait(), Ok(None))
        {
            std::thread::sleep(Duration::from_millis(2));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until something holds.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let limit = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < limit, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
