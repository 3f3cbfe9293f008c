//! What the operating system says of this process. Read when it is asked for.
//!
//! From `/proc`, so on Linux only; elsewhere there are none of these metrics, as in Prometheus' own clients.

use std::fs;

/// The unit of times in `/proc/*/stat`. Linux shows it as 100 per second on every machine that this builds for, whatever
/// the kernel uses inside (`proc_pid_stat(5)`, `USER_HZ`).
const TICKS_PER_SECOND: f64 = 100.0;

/// What could be read.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Process {
    pub(super) cpu_seconds: Option<f64>,
    /// Since 1970.
    pub(super) start_seconds: Option<f64>,
    pub(super) virtual_bytes: Option<u64>,
    pub(super) resident_bytes: Option<u64>,
    pub(super) threads: Option<u64>,
    pub(super) open_fds: Option<u64>,
    pub(super) max_fds: Option<u64>,
}

impl Process {
    pub(super) fn read() -> Self {
        let text = |path| fs::read_to_string(path).unwrap_or_default();
        let mut process = Self::parse(
            &text("/proc/self/stat"),
            &text("/proc/self/status"),
            &text("/proc/self/limits"),
            &text("/proc/stat"),
        );
        // One of them is the folder's own, open while it is read.
        process.open_fds = fs::read_dir("/proc/self/fd")
            .ok()
            .map(|entries| (entries.count() as u64).saturating_sub(1));
        process
    }

    /// From the content of `/proc/self/stat`, `/proc/self/status`, `/proc/self/limits` and `/proc/stat`.
    fn parse(stat: &str, status: &str, limits: &str, machine: &str) -> Self {
        // The second field is the program's name in parentheses, which may hold spaces and parentheses.
        let fields: Vec<&str> = stat
            .rsplit_once(')')
            .map_or("", |(_, rest)| rest)
            .split_whitespace()
            .collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        #[expect(clippy::cast_precision_loss, reason = "2^53 ticks are three million years")]
        let seconds = |ticks: u64| ticks as f64 / TICKS_PER_SECOND;
        let booted = number_after(machine, "btime");
        let since_boot = field(22).map(seconds);
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970")]
        let start_seconds = booted
            .zip(since_boot)
            .map(|(booted, since)| booted as f64 + since);
        Self {
            cpu_seconds: field(14)
                .zip(field(15))
                .map(|(user, system)| seconds(user + system)),
            start_seconds,
            virtual_bytes: field(23),
            resident_bytes: number_after(status, "VmRSS:").map(|kilobytes| kilobytes * 1024),
            threads: field(20),
            open_fds: None,
            max_fds: number_after(limits, "Max open files"),
        }
    }
}

/// The first number of the line that begins like this.
fn number_after(text: &str, begin: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(begin))?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_linux_writes_is_read() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 1000 0 3 0 250 50 0 0 20 0 5 0 1234 104857600 2560 18446744073709551615 1";
        let read = Process::parse(
            stat,
            "Name:\tlockgate\nVmRSS:\t   10240 kB\nThreads:\t5\n",
            "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 524288               files\n",
            "cpu  1 2 3\nbtime 1700000000\nprocesses 7\n",
        );
        let expected = Process {
            cpu_seconds: Some(3.0),
            start_seconds: Some(1_700_000_012.34),
            virtual_bytes: Some(104_857_600),
            resident_bytes: Some(10_485_760),
            threads: Some(5),
            open_fds: None,
            max_fds: Some(1024),
        };
        assert_eq!(read, expected);
        assert_eq!(Process::parse("", "", "", ""), Process::default());
        assert_eq!(
            Process::parse("7 (x", "VmRSS:", "Max open files unlimited", "btime x"),
            Process::default()
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_says_all_of_it() {
        let read = Process::read();
        let is_there = |value: Option<u64>| value.is_some_and(|value| value > 0);
        assert!(
            is_there(read.resident_bytes) && is_there(read.virtual_bytes),
            "{read:?}"
        );
        assert!(is_there(read.threads) && is_there(read.open_fds), "{read:?}");
        assert!(read.start_seconds.is_some_and(|start| start > 1.6e9), "{read:?}");
        assert!(read.cpu_seconds.is_some(), "{read:?}");
    }
}
