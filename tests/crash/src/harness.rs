//! Puts it together: one life of the server after another, while callers ask; then looks at what has come of it.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use lockgate_store::Status;
use lockgate_store::history::History;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::callers::{Book, ask_all_again, call};
use crate::lives::{Death, Lives};
use crate::operator;
use crate::order_desk::OrderDesk;
use crate::process::{Process, Program, address};
use crate::tenant::Tenant;
use crate::verdict::Verdict;
use crate::workspace::{self, STORE};

/// The variable that names a point at which the process ends itself.
const CRASH_POINT: &str = "LOCKGATE_CRASH_POINT";

/// The signal of a process that has ended itself.
const SIGABRT: i32 = 6;

const SERVE: [&str; 5] = ["serve", "--port", "0", "--admin-port", "0"];

/// When nobody kills the server any more: how long nothing may happen until what is left is given up.
const REST: Duration = Duration::from_mins(2);

/// Where a server is that was not ready in time.
const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

/// Between two lines of progress.
const PROGRESS: Duration = Duration::from_secs(5);

/// What is to be done.
#[derive(Clone, Debug)]
pub struct CrashOptions {
    /// `lockgate`, built with its crash points.
    pub binary: PathBuf,
    /// How often the server is killed.
    pub kills: u32,
    /// How many sign-ups are asked for.
    pub requests: u32,
    /// Of what happens by chance.
    pub seed: u64,
    /// When this time is over, nobody is killed any more.
    pub limit: Duration,
    /// How many ask at once.
    pub at_once: usize,
    /// The points at which the process is to end itself, too.
    pub points: Vec<String>,
    /// Called now and then with what has been done.
    pub progress: fn(&str),
}

/// Kills the server so many times, and says what has become of everyone.
///
/// # Errors
/// The harness cannot do its work: a process does not start, ends where nobody has killed it, or does not end.
pub async fn crash(options: &CrashOptions) -> Result<Verdict> {
    let place = Place::new()?;
    let kept = place.folder.path().to_owned();
    match drive(options, &place).await {
        Ok(verdict) if verdict.is_good() => Ok(verdict),
        other => {
            // Somebody has to look into it.
            let _ = place.folder.keep();
            (options.progress)(&format!("the store and the logs are left in {}", kept.display()));
            other
        }
    }
}

/// The folder of it all.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("lockgate-crash-").tempdir();
        Ok(Self {
            folder: folder.context("making a temporary folder")?,
        })
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join(STORE)
    }

    /// A build that begins meanwhile is to change nothing: the binary under another name.
    fn own(&self, binary: &Path) -> Result<PathBuf> {
        let own = self.folder.path().join("lockgate");
        // Not on the same disk, perhaps.
        fs::hard_link(binary, &own)
            .or_else(|_| fs::copy(binary, &own).map(drop))
            .with_context(|| format!("copying {}", binary.display()))?;
        Ok(own)
    }

    fn program(&self, binary: &Path, environment: Vec<(&'static str, String)>) -> Program {
        Program {
            binary: binary.to_owned(),
            folder: self.folder.path().to_owned(),
            environment,
        }
    }
}

/// The server's lives.
struct Server<'a> {
    program: Program,
    options: &'a CrashOptions,
    lives: Lives,
    /// Where it is, for the callers.
    at: watch::Sender<Option<SocketAddr>>,
    kills: u32,
    life: u32,
}

async fn drive(options: &CrashOptions, place: &Place) -> Result<Verdict> {
    let binary = place.own(&options.binary)?;
    let desk = OrderDesk::open(options.seed)
        .await
        .context("opening the order desk")?;
    workspace::write(place.folder.path(), desk.address)?;
    let tenant = Tenant::start(&place.program(&binary, Vec::new())).await?;
    let (at, server) = watch::channel(None);
    let book = Book::new(options.requests, options.seed, server);
    let mut callers = call(&book, options.at_once);
    let mut server = Server {
        program: place.program(&binary, tenant.credentials()?),
        options,
        lives: Lives::new(options.seed, &options.points),
        at,
        kills: 0,
        life: 0,
    };

    let began = Instant::now();
    let mut told = began;
    while server.kills < options.kills && began.elapsed() < options.limit {
        server.live(&book).await?;
        if told.elapsed() > PROGRESS {
            told = Instant::now();
            (options.progress)(&server.progress(&book));
        }
    }

    // The last life is a long one.
    let admitted = u32::try_from(options.at_once)
        .unwrap_or(u32::MAX)
        .saturating_add(options.requests);
    book.admit(admitted);
    let mut process = server.start(&[])?;
    let admin = server.until_ready(&mut process).await?;
    (options.progress)(&format!("{}; no more kills", server.progress(&book)));
    until_done(
        "callers wait for their answers",
        &mut callers,
        &mut process,
        &book,
    )
    .await?;
    until_finished(&place.store()).await?;
    let settled = operator::settle(&place.store(), admin, &desk).await?;
    let unfinished = until_finished(&place.store()).await?;
    (options.progress)("asking again with every key");
    let mut again = ask_all_again(&book, options.at_once);
    until_done("callers ask again", &mut again, &mut process, &book).await?;
    server.at.send_replace(None);
    process.ask_to_end().await?;
    let status = process.ended().await?;
    ensure!(
        status.success(),
        "the server ended with {status}\n{}",
        process.log()
    );

    (options.progress)("looking everyone up");
    let mut verdict = Verdict {
        kills: server.kills,
        requests: options.requests,
        unfinished,
        settled,
        points_hit: server.lives.hits().clone(),
        ..Verdict::default()
    };
    verdict
        .judge(&book, &tenant.directory().await?, desk.taken())
        .await?;
    count_runs(&mut verdict, &place.store())?;
    tenant.end().await?;
    Ok(verdict)
}

impl Server<'_> {
    fn start(&mut self, more: &[(&str, String)]) -> Result<Process> {
        self.life += 1;
        // The logs of the last lives are enough.
        self.program
            .start(&SERVE, more, &format!("server-{}.log", self.life % 20))
    }

    /// Waits until it is ready, and tells the callers where it is. Its admin port.
    async fn until_ready(&mut self, process: &mut Process) -> Result<SocketAddr> {
        let since = Instant::now();
        let Some(ready) = process.ready().await? else {
            bail!("the server did not start\n{}", process.log());
        };
        self.lives.started_within(since.elapsed());
        self.at.send_replace(Some(address(&ready, "url")?));
        address(&ready, "admin_url")
    }

    /// One life, from start to end.
    async fn live(&mut self, book: &Arc<Book>) -> Result<()> {
        let death = self.lives.next();
        let points = match &death {
            Death::AtPoint(point, nth) => vec![(CRASH_POINT, format!("{point}@{nth}"))],
            _ => Vec::new(),
        };
        let mut process = self.start(&points)?;
        let admitting = self.admit(book, death.expected());
        let ready = self.until_ready(&mut process);
        let lived = match &death {
            Death::WhileStarting(after) => timeout(*after, ready).await.unwrap_or(Ok(NOWHERE)),
            _ => ready.await,
        };
        // Only at a point may it end by itself.
        if !matches!(death, Death::AtPoint(..)) {
            lived?;
        }
        if !matches!(death, Death::WhileStarting(_)) {
            let _ = timeout(death.patience(), process.gone()).await;
        }
        drop(admitting);
        let killed = match &death {
            Death::WhileStarting(_) | Death::Later(_) => Self::kill(&mut process).await?,
            Death::WhileStopping(_, grace) => {
                process.ask_to_end().await?;
                let _ = timeout(*grace, process.gone()).await;
                Self::kill(&mut process).await?
            }
            Death::AtPoint(point, _) => self.at_point(point, &mut process).await?,
        };
        self.at.send_replace(None);
        self.kills += u32::from(killed);
        Ok(())
    }

    /// Lets more callers begin during a life: as many as there are for each kill.
    fn admit(&self, book: &Arc<Book>, during: Duration) -> JoinSet<()> {
        let up_to = |kills: u32| {
            let share =
                u64::from(self.options.requests) * u64::from(kills) / u64::from(self.options.kills.max(1));
            u32::try_from(share).unwrap_or(u32::MAX)
        };
        let more = up_to(self.life.min(self.options.kills)) - up_to((self.life - 1).min(self.options.kills));
        let book = Arc::clone(book);
        let mut admitting = JoinSet::new();
        admitting.spawn(async move {
            for _ in 0..more {
                sleep(during / more.max(1)).await;
                book.admit(1);
            }
        });
        admitting
    }

    /// Whether it was a kill: a process that had been asked to end may have ended well.
    async fn kill(process: &mut Process) -> Result<bool> {
        process.kill();
        let status = process.ended().await?;
        if status.signal().is_none() && !status.success() {
            bail!("the server ended by itself with {status}\n{}", process.log());
        }
        Ok(status.signal().is_some())
    }

    /// It has ended itself, or is asked to end: there are points on that way, too.
    async fn at_point(&mut self, point: &str, process: &mut Process) -> Result<bool> {
        process.ask_to_end().await?;
        let status = process.ended().await?;
        if status.signal() == Some(SIGABRT) {
            self.lives.was_hit(point);
            return Ok(true);
        }
        ensure!(
            status.success(),
            "the server ended with {status} on its way to {point}\n{}",
            process.log()
        );
        Ok(false)
    }

    fn progress(&self, book: &Book) -> String {
        format!(
            "{} of {} kills, {} of {} answered",
            self.kills,
            self.options.kills,
            book.answered(),
            book.requests()
        )
    }
}

/// Waits until all have done what they do, as long as there are answers.
async fn until_done(what: &str, tasks: &mut JoinSet<()>, process: &mut Process, book: &Book) -> Result<()> {
    let done = async {
        while let Some(task) = tasks.join_next().await {
            task.context("a caller ended early")?;
        }
        anyhow::Ok(())
    };
    let stuck = async {
        let (mut noted, mut since) = (book.noted(), Instant::now());
        while since.elapsed() < REST {
            sleep(Duration::from_millis(100)).await;
            if book.noted() != noted {
                (noted, since) = (book.noted(), Instant::now());
            }
        }
    };
    tokio::select! {
        done = done => done,
        // Those who wait in vain are counted.
        () = stuck => {
            ensure!(book.answered() < book.requests(), "{what}, and get none\n{}", process.log());
            Ok(())
        }
        () = process.gone() => bail!("{what}, and the server has ended\n{}", process.log()),
    }
}

/// Waits until no run is unfinished; says how many are, in the end.
async fn until_finished(store: &Path) -> Result<u64> {
    let began = Instant::now();
    loop {
        let left = standing(store, Status::is_unfinished)?;
        if left == 0 || began.elapsed() > REST {
            return Ok(left);
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// How many runs stand so.
fn standing(store: &Path, so: impl Fn(Status) -> bool) -> Result<u64> {
    let counts = History::open(store)
        .and_then(|history| history.counts())
        .context("counting runs")?;
    Ok(counts
        .iter()
        .filter(|(status, _)| so(*status))
        .map(|(_, count)| count)
        .sum())
}

/// There is one run for each key.
fn count_runs(verdict: &mut Verdict, store: &Path) -> Result<()> {
    verdict.in_doubt = standing(store, |status| status == Status::InDoubt)?;
    let runs = standing(store, |_| true)?;
    let requests = u64::from(verdict.requests);
    if runs > requests {
        verdict.duplicated += u32::try_from(runs - requests).unwrap_or(u32::MAX);
        verdict.tell(format!("{runs} runs of {requests} keys"));
    }
    Ok(())
}
