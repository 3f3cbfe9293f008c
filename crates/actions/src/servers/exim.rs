//! Exim, a mail transfer agent: takes mail over with TLS and `AUTH`, and delivers it into a folder, a file a message.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::{CERTIFICATE, KEY, Place, Running, left_out, until};

/// A running Exim.
pub(crate) struct Exim {
    process: Option<Running>,
    place: Place,
    /// Where `STARTTLS` is offered.
    pub(crate) port: u16,
    /// Where TLS begins at once.
    pub(crate) tls_port: u16,
}

impl Exim {
    /// Whom mail is taken from.
    pub(crate) const USERNAME: &str = "shop";
    /// How it is known.
    pub(crate) const PASSWORD: &str = "correct horse";

    /// Starts it; `None` where it is not installed.
    pub(crate) fn start() -> Option<Self> {
        let program = Path::new("/usr/sbin/exim4");
        if !program.is_file() {
            left_out("Exim", "exim4-daemon-light");
            return None;
        }
        let place = Place::new("nobody");
        for folder in ["spool", "log", "mail"] {
            place.folder(folder);
        }
        place.file("key.pem", &fs::read(KEY).unwrap());
        place.file("certificate.pem", &fs::read(CERTIFICATE).unwrap());
        // Free when asked; another process may take one before Exim does: then it ends, and others are tried.
        for _ in 0..10 {
            let [port, tls_port] = free_ports();
            let configuration = place.file("exim.conf", configuration(&place, tls_port).as_bytes());
            let mut command = place.command(program);
            command.arg("-C").arg(configuration).arg("-bdf").arg("-oX");
            command.arg(format!("127.0.0.1.{port} : 127.0.0.1.{tls_port}"));
            let mut process = Running::start(&mut command, "TERM");
            let log = place.path().join("log/mainlog");
            let mut is_running = false;
            until("Exim neither listens nor ends", || {
                is_running = fs::read_to_string(&log).is_ok_and(|log| log.contains("listening for SMTP"));
                is_running || process.has_ended()
            });
            if is_running {
                return Some(Self {
                    process: Some(process),
                    place,
                    port,
                    tls_port,
                });
            }
        }
        panic!("Exim does not start: {}", place.stderr());
    }

    /// So many messages, as they were delivered, in the order of their subjects.
    pub(crate) fn messages(&self, count: usize) -> Vec<String> {
        let folder = self.place.path().join("mail/new");
        let files = || -> Vec<PathBuf> {
            let entries = fs::read_dir(&folder).into_iter().flatten();
            entries.map(|entry| entry.unwrap().path()).collect()
        };
        until("the messages are not delivered", || files().len() >= count);
        let mut messages: Vec<String> = files()
            .iter()
            .map(|path| fs::read_to_string(path).unwrap())
            .collect();
        let subject = |message: &String| {
            message
                .lines()
                .find_map(|line| line.strip_prefix("Subject: ").map(str::to_owned))
        };
        messages.sort_by_key(subject);
        messages
    }

    /// What it says of every message.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.place.path().join("log/mainlog")).unwrap()
    }
}

impl Drop for Exim {
    /// The processes that it made for connections and deliveries end by themselves, and until then write into the folder that is
    /// about to go.
    fn drop(&mut self) {
        drop(self.process.take());
        let folder = self.place.path().to_str().unwrap();
        let is_running = || {
            let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
            processes
                .filter_map(|process| fs::read(process.path().join("cmdline")).ok())
                .any(|command| String::from_utf8_lossy(&command).contains(folder))
        };
        let limit = Instant::now() + Duration::from_secs(5);
        while is_running() && Instant::now() < limit {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

fn free_ports() -> [u16; 2] {
    // Both at once, so that they differ.
    let listeners = [0, 0].map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

fn configuration(place: &Place, tls_port: u16) -> String {
    let folder = place.path().display();
    let (user, group) = place.ids();
    let (username, password) = (Exim::USERNAME, Exim::PASSWORD);
    format!(
        "exim_user = {user}
exim_group = {group}
never_users =
deliver_drop_privilege
keep_environment =
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/exim.pid
primary_hostname = mail.test
disable_ipv6
tls_advertise_hosts = *
tls_certificate = {folder}/certificate.pem
tls_privatekey = {folder}/key.pem
tls_on_connect_ports = {tls_port}
smtputf8_advertise_hosts = *
acl_smtp_mail = check_mail
acl_smtp_rcpt = check_rcpt
acl_smtp_data = check_data
begin acl
check_mail:
  deny senders = refused@example.org
       message = sender not wanted
  accept
check_rcpt:
  deny message = relay not permitted
       !authenticated = *
  deny message = no such user
       local_parts = unknown
  defer message = mailbox busy
       local_parts = busy
  accept
check_data:
  deny message = looks like spam
       condition = ${{if match{{$h_subject:}}{{spam}}}}
  accept
begin routers
all:
  driver = accept
  transport = folder
begin transports
folder:
  driver = appendfile
  directory = {folder}/mail
  maildir_format
  user = {user}
  group = {group}
  envelope_to_add
  return_path_add
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_set_id = $auth2
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{{username}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_advertise_condition = ${{if def:tls_in_cipher}}
begin retry
* * F,1h,1m
"
    )
}
