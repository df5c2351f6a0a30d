//! The program `hyperion` with a data folder of its own.

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use crate::person::Served;

/// A data folder, and the program while it runs on it.
pub struct Program {
    /// Holds what the program brings along, and the data unless that is elsewhere.
    folder: TempDir,
    data: PathBuf,
    /// Variables it is started with.
    settings: Vec<(String, String)>,
    running: Option<Running>,
}

struct Running {
    child: Child,
    address: String,
}

impl Program {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        Self::with_data_in(folder, data)
    }

    pub fn with_data_in(folder: TempDir, data: PathBuf) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap();
        let library = root.join("target/pdfium/libpdfium.so");
        assert!(
            library.is_file(),
            "{} is missing: run scripts/pdfium.sh",
            library.display()
        );
        let assets = folder.path().join("assets");
        std::fs::create_dir(&assets).unwrap();
        symlink(root.join("models"), assets.join("models")).unwrap();
        symlink(library, assets.join("libpdfium.so")).unwrap();
        Self {
            folder,
            data,
            settings: Vec::new(),
            running: None,
        }
    }

    /// With variables of its own.
    pub fn with_settings(settings: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut program = Self::new();
        program.settings = settings.into_iter().collect();
        program
    }

    /// A variable it is started with from now on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.settings.retain(|(other, _)| other != name);
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    /// Keeps the original files in a folder that others use too.
    pub fn share_originals(&self, folder: &Path) {
        std::fs::create_dir_all(&self.data).unwrap();
        symlink(folder, self.data.join("originals")).unwrap();
    }

    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The command that serves, for tests that start it themselves.
    pub fn command(&self) -> Command {
        self.command_at("127.0.0.1:0")
    }

    /// The same at an address that stays what it is when the program is started again.
    pub fn command_at(&self, address: &str) -> Command {
        self.command_of(&["serve", "--listen", address, "--workers", "2"])
    }

    /// Runs another command with the same settings, beside it where it runs; returns whether it did well, and what it
    /// printed.
    pub fn run(&self, args: &[&str]) -> (bool, String) {
        let output = self.command_of(args).output().unwrap();
        (
            output.status.success(),
            String::from_utf8_lossy(&output.stdout).into_owned(),
        )
    }

    fn command_of(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hyperion"));
        command
            .args(args)
            .arg("--assets-dir")
            .arg(self.folder.path().join("assets"))
            .arg("--data-dir")
            .arg(&self.data)
            .env_clear()
            .envs(self.settings.clone())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            // What the program logs belongs to the test that fails.
            .stderr(Stdio::inherit());
        command
    }

    /// Starts the program and waits until it says where it is.
    pub fn start(&mut self) {
        let command = self.command();
        self.start_as(command);
    }

    pub fn start_as(&mut self, mut command: Command) {
        assert!(self.running.is_none(), "it runs already");
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let address = output
            .lines()
            .map_while(Result::ok)
            .find_map(|line| Some(line[line.find("http://")?..].trim_end().to_owned()))
            .expect("the program ended without saying that it is ready");
        self.running = Some(Running { child, address });
    }

    /// `http://` and the port it has this time.
    pub fn address(&self) -> &str {
        &self.running.as_ref().expect("it runs").address
    }

    /// Asks it to stop, as an operating system does.
    pub fn ask_to_stop(&self) {
        let process = self.running.as_ref().expect("it runs").child.id();
        let asked = Command::new("kill").arg(process.to_string()).status().unwrap();
        assert!(asked.success());
    }

    /// Waits until it has stopped by itself.
    pub fn wait(&mut self) {
        let mut running = self.running.take().expect("it runs");
        assert!(running.child.wait().unwrap().success());
    }

    /// `kill -9`; returns the processes that it had started and that were alive then.
    pub fn kill(&mut self) -> Vec<u32> {
        let mut running = self.running.take().expect("it runs");
        let children = children_of(running.child.id());
        running.child.kill().unwrap();
        running.child.wait().unwrap();
        children
    }

    /// The processes that read files for it now.
    pub fn children(&self) -> Vec<u32> {
        children_of(self.running.as_ref().expect("it runs").child.id())
    }

    /// Its memory in use, in KiB.
    pub fn memory(&self) -> u64 {
        let status = format!("/proc/{}/status", self.running.as_ref().expect("it runs").child.id());
        let status = std::fs::read_to_string(status).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

impl Served for Program {
    fn address(&self) -> &str {
        self.address()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if self.running.is_some() {
            self.kill();
        }
    }
}

/// A port that nobody has now.
pub fn free_port() -> u16 {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    free.local_addr().unwrap().port()
}

pub fn is_alive(process: u32) -> bool {
    // One that has ended and is not yet buried is dead.
    std::fs::read_to_string(format!("/proc/{process}/stat")).is_ok_and(|stat| !stat.contains(") Z"))
}

fn children_of(process: u32) -> Vec<u32> {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).unwrap();
    threads
        .filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("children")).ok())
        .flat_map(|list| {
            list.split_whitespace()
                .map(|id| id.parse().unwrap())
                .collect::<Vec<u32>>()
        })
        .collect()
}
