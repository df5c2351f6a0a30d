//! What a process of this machine uses.

use std::{error::Error, fs, time::Duration};

/// Parts of a second in which Linux tells times, on every kind of machine.
const TICKS: u64 = 100;

/// A quiet server uses less than this share of a processor.
const QUIET: f64 = 0.2;
const LOOKED_AT: Duration = Duration::from_secs(10);
/// Nobody waits longer than this for a server to be quiet.
const PATIENCE: Duration = Duration::from_secs(3_600);

pub struct Process(u32);

impl Process {
    pub fn own() -> Self {
        Self(std::process::id())
    }

    /// The one that was started with this argument.
    pub fn started_with(argument: &str) -> Option<Self> {
        fs::read_dir("/proc").ok()?.find_map(|entry| {
            let id = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let command = fs::read_to_string(format!("/proc/{id}/cmdline")).ok()?;
            command.split('\0').any(|given| given == argument).then_some(Self(id))
        })
    }

    /// Bytes of memory it has in use.
    pub fn resident(&self) -> Result<u64, Box<dyn Error>> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes: u64 = line
            .ok_or("the process has ended")?
            .trim()
            .trim_end_matches(" kB")
            .parse()?;
        Ok(kilobytes * 1024)
    }

    /// Returns when it no longer works on its own.
    pub async fn quiet(&self) -> Result<(), Box<dyn Error>> {
        for _ in 0..PATIENCE.as_secs() / LOOKED_AT.as_secs() {
            let before = self.processor_time()?;
            tokio::time::sleep(LOOKED_AT).await;
            let used = self.processor_time()? - before;
            if used.as_secs_f64() < QUIET * LOOKED_AT.as_secs_f64() {
                return Ok(());
            }
        }
        Err(format!("process {} is still at work after {} s", self.0, PATIENCE.as_secs()).into())
    }

    fn processor_time(&self) -> Result<Duration, Box<dyn Error>> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0))?;
        let (_, fields) = stat.rsplit_once(')').ok_or("the process has ended")?;
        let ticks: Result<Vec<u64>, _> = fields.split_whitespace().skip(11).take(2).map(str::parse).collect();
        Ok(Duration::from_millis(ticks?.iter().sum::<u64>() * 1000 / TICKS))
    }
}
