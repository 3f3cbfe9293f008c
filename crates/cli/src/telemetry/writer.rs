//! Where log lines go that nobody may have to wait for.
//!
//! A server writes a line for each request. Written by the thread that serves it, a pipe that nobody reads would stop
//! the server; here it stops a thread of its own. What comes in the meantime is kept, up to a limit; what is over it is
//! lost, counted, and said. Lines that come close together are written together, which is also cheaper.

use std::io::Write as _;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What is kept at the most, in bytes.
const MOST: usize = 1024 * 1024;

/// How long a line may wait for others to be written with. Warnings and errors do not.
const PAUSE: Duration = Duration::from_millis(10);

/// How long the end waits for a pipe that nobody reads.
const END: Duration = Duration::from_secs(1);

/// A thread that writes to stderr.
pub(super) struct LogWriter {
    state: Mutex<State>,
    /// There is something to do.
    wake: Condvar,
    /// All is written.
    written: Condvar,
    /// The line that says how many are missing.
    lost: fn(u64) -> String,
}

#[derive(Default)]
struct State {
    lines: Vec<u8>,
    lost: u64,
    is_urgent: bool,
    is_asleep: bool,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Writing,
    /// What is there is written without a pause.
    Ending,
    Ended,
}

impl LogWriter {
    /// Starts the thread; `None` where there can be no more threads.
    pub(super) fn start(lost: fn(u64) -> String) -> Option<Arc<Self>> {
        let writer = Arc::new(Self {
            state: Mutex::default(),
            wake: Condvar::new(),
            written: Condvar::new(),
            lost,
        });
        let own = Arc::clone(&writer);
        let thread = std::thread::Builder::new().name("log".to_owned());
        // Nobody can be told that stderr cannot be written.
        let write = |lines: &[u8]| drop(std::io::stderr().lock().write_all(lines));
        thread.spawn(move || own.write(write)).ok().map(|_| writer)
    }

    /// Takes a line. Never waits for it to be written.
    pub(super) fn push(&self, line: &[u8], is_urgent: bool) {
        let mut state = self.lock();
        if state.lines.len() + line.len() > MOST {
            state.lost += 1;
        } else {
            state.lines.extend_from_slice(line);
        }
        let is_first_urgent = is_urgent && !state.is_urgent;
        state.is_urgent |= is_urgent;
        if state.is_asleep || is_first_urgent {
            state.is_asleep = false;
            self.wake.notify_one();
        }
    }

    /// Waits until all is written, but not for long.
    pub(super) fn finish(&self) {
        let mut state = self.lock();
        state.stage = Stage::Ending;
        self.wake.notify_one();
        let waited = self
            .written
            .wait_timeout_while(state, END, |state| state.stage != Stage::Ended);
        drop(waited);
    }

    fn write(&self, mut write: impl FnMut(&[u8])) {
        let mut lines = Vec::new();
        let mut state = self.lock();
        loop {
            while state.lines.is_empty() && state.lost == 0 && state.stage == Stage::Writing {
                state.is_asleep = true;
                state = wait(self.wake.wait(state));
            }
            state.is_asleep = false;
            let began = Instant::now();
            while let Some(left) = PAUSE.checked_sub(began.elapsed())
                && !state.is_urgent
                && state.stage == Stage::Writing
            {
                state = self
                    .wake
                    .wait_timeout(state, left)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0;
            }
            if state.lines.is_empty() && state.lost == 0 {
                state.stage = Stage::Ended;
                self.written.notify_all();
                return;
            }
            lines.clear();
            std::mem::swap(&mut state.lines, &mut lines);
            state.is_urgent = false;
            let lost = std::mem::take(&mut state.lost);
            drop(state);
            if lost > 0 {
                lines.extend_from_slice((self.lost)(lost).as_bytes());
            }
            write(&lines);
            state = self.lock();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change under the lock is whole, whoever panics.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wait<T>(result: Result<T, PoisonError<T>>) -> T {
    result.unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn writer() -> Arc<LogWriter> {
        Arc::new(LogWriter {
            state: Mutex::default(),
            wake: Condvar::new(),
            written: Condvar::new(),
            lost: |count| format!("lost {count}\n"),
        })
    }

    #[test]
    fn all_lines_are_written_in_their_order() {
        let writer = writer();
        let (sender, receiver) = mpsc::channel();
        let own = Arc::clone(&writer);
        let thread = std::thread::spawn(move || own.write(|lines| sender.send(lines.to_vec()).unwrap()));
        let mut expected = String::new();
        for number in 0..1000 {
            let line = format!("line {number}\n");
            writer.push(line.as_bytes(), number % 100 == 99);
            expected.push_str(&line);
        }
        writer.finish();
        thread.join().unwrap();
        let written: Vec<Vec<u8>> = receiver.iter().collect();
        assert_eq!(String::from_utf8(written.concat()).unwrap(), expected);
        assert!(written.len() < 1000, "each line was written by itself");
    }

    #[test]
    fn whoever_logs_does_not_wait_for_a_pipe_that_nobody_reads() {
        let writer = writer();
        let (entered, has_entered) = mpsc::channel();
        let (read, may_write) = mpsc::channel::<()>();
        let (sender, receiver) = mpsc::channel();
        let own = Arc::clone(&writer);
        let thread = std::thread::spawn(move || {
            own.write(|lines| {
                entered.send(()).unwrap();
                // Until someone reads.
                let _ = may_write.recv();
                sender.send(lines.to_vec()).unwrap();
            });
        });
        writer.push(b"first\n", true);
        has_entered.recv().unwrap();
        let line = [b'x'; 1023];
        for _ in 0..2000 {
            writer.push(&line, false);
        }
        drop(read);
        writer.finish();
        thread.join().unwrap();
        let written = receiver.iter().collect::<Vec<_>>().concat();
        let kept = MOST / line.len();
        let expected = [
            b"first\n".as_slice(),
            &line.repeat(kept),
            format!("lost {}\n", 2000 - kept).as_bytes(),
        ]
        .concat();
        assert!(
            written == expected,
            "{} bytes instead of {}",
            written.len(),
            expected.len()
        );
    }
}
