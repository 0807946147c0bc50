//! What the system says of a process: memory and processor time, from `/proc` (Linux only).

use std::fs;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

static FAVOUR: OnceLock<i32> = OnceLock::new();

/// Gives processes that are started from now on, and all they start, priority over other work of
/// the machine; needs root.
///
/// Linux shares the processor out by session first (`sched(7)`, "The autogroup feature"): plain
/// `nice` says nothing between a pseudo-terminal's session and other people's compilers.
pub(crate) fn favour_all(nice: i32) {
    if FAVOUR.set(nice).is_ok() {
        favour(std::process::id());
        std::thread::spawn(|| {
            let mut known = Vec::new();
            loop {
                for pid in family(std::process::id()) {
                    if !known.contains(&pid) {
                        favour(pid);
                        known.push(pid);
                    }
                }
                std::thread::sleep(Duration::from_millis(2));
            }
        });
    }
}

/// Gives one process priority, if that was asked for.
pub(crate) fn favour(pid: u32) {
    if let Some(nice) = FAVOUR.get() {
        let _ = fs::write(format!("/proc/{pid}/autogroup"), nice.to_string());
    }
}

/// A process and all that descend from it.
pub(crate) fn family(pid: u32) -> Vec<u32> {
    let mut found = vec![pid];
    let mut at = 0;
    while let Some(pid) = found.get(at).copied() {
        at += 1;
        let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else {
            continue;
        };
        for task in tasks.flatten() {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            found.extend(
                children
                    .split_whitespace()
                    .filter_map(|pid| pid.parse::<u32>().ok()),
            );
        }
    }
    found
}

/// Bytes of memory a process and its children hold at most so far: the sum of their peaks
/// (`VmHWM`, `proc_pid_status(5)`).
pub(crate) fn peak_memory(pid: u32) -> u64 {
    family(pid)
        .into_iter()
        .map(|pid| status(pid, "VmHWM:"))
        .sum()
}

/// Bytes of memory a process and its children hold now.
pub(crate) fn memory(pid: u32) -> u64 {
    family(pid)
        .into_iter()
        .map(|pid| status(pid, "VmRSS:"))
        .sum()
}

fn status(pid: u32, field: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let kib = text.lines().find_map(|line| {
        line.strip_prefix(field)?
            .split_whitespace()
            .next()?
            .parse::<u64>()
            .ok()
    });
    kib.unwrap_or(0) * 1024
}

/// Time all threads of a process and its children have spent on a processor, to the nanosecond
/// (`schedstat`). What others do to the machine hardly changes it.
pub(crate) fn processor_time(pid: u32) -> Duration {
    family(pid)
        .into_iter()
        .filter_map(|pid| fs::read_dir(format!("/proc/{pid}/task")).ok())
        .flatten()
        .flatten()
        .filter_map(|task| fs::read_to_string(task.path().join("schedstat")).ok())
        .filter_map(|text| text.split_whitespace().next()?.parse().ok())
        .map(Duration::from_nanos)
        .sum()
}

/// How long a fixed piece of computing takes now: the machine's noise.
pub(crate) fn calibration() -> Duration {
    let begun = Instant::now();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..20_000_000 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    std::hint::black_box(state);
    begun.elapsed()
}

/// How many processes want the processor: the load average of the last minute.
pub(crate) fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().unwrap_or("?").to_owned()
}
