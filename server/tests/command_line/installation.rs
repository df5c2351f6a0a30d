//! A folder with an installation in it: what comes with the program, and the data.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

pub const EMAIL: &str = "ada@example.org";
pub const PASSWORD: &str = "plover-anvil-tundra";

pub struct Installation {
    folder: TempDir,
}

/// What a run of the program printed, and how it ended.
pub struct Ran {
    pub status: ExitStatus,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// The standard output of a run that succeeded.
    #[track_caller]
    pub fn success(self) -> String {
        assert!(self.status.success(), "{}\n{}\n{}", self.status, self.out, self.err);
        self.out
    }

    /// The standard error of a run that failed as it should.
    #[track_caller]
    pub fn failure(self) -> String {
        assert_eq!(self.status.code(), Some(1), "{}\n{}", self.out, self.err);
        self.err
    }
}

/// Lines of JSON.
pub fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}")))
        .collect()
}

impl Installation {
    /// With everything that comes with the program, and no data.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("..")
            .canonicalize()
            .unwrap();
        let assets = folder.path().join("assets");
        fs::create_dir_all(assets.join("site")).unwrap();
        symlink(root.join("models"), assets.join("models")).unwrap();
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        symlink(target.join("pdfium/libpdfium.so"), assets.join("libpdfium.so")).unwrap();
        for file in ["hyperion.js", "hyperion.wasm", "main.css"] {
            fs::write(assets.join("site").join(file), "").unwrap();
        }
        let manifest = r#"{"js":"hyperion.js","wasm":"hyperion.wasm","css":"main.css","static":{}}"#;
        fs::write(assets.join("site/manifest.json"), manifest).unwrap();
        Self { folder }
    }

    /// With one account, which is the administrator's.
    pub fn with_account() -> Self {
        let installation = Self::new();
        installation.run_with_input(&["user", "add", EMAIL], PASSWORD).success();
        installation
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file below the installation's folder, making the folders above it.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }

    /// The program with this installation's folders, and nothing of Hyperion's in its environment.
    pub fn command(&self, args: &[&str]) -> Command {
        self.command_on("data", args)
    }

    /// The same with another data folder.
    pub fn command_on(&self, data: &str, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hyperion"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("HYPERION_")) {
            command.env_remove(name);
        }
        command
            .args(args)
            .arg("--data-dir")
            .arg(self.path(data))
            .arg("--assets-dir")
            .arg(self.path("assets"))
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        ran(self.command(args).output().unwrap())
    }

    pub fn run_with_input(&self, args: &[&str], input: &str) -> Ran {
        let mut command = self.command(args);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // One that ends without reading closes its end.
        let _ = writeln!(child.stdin.take().unwrap(), "{input}");
        ran(child.wait_with_output().unwrap())
    }

    /// Starts a server on a free port and waits until it is ready.
    pub fn serve(&self) -> Serving {
        serve(self.command(&["serve", "--listen", "127.0.0.1:0"]))
    }
}

/// Starts this server and waits until it is ready.
pub fn serve(mut command: Command) -> Serving {
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut said = String::new();
    loop {
        assert_ne!(out.read_line(&mut said).unwrap(), 0, "the server ended: {said}");
        if let Some((_, url)) = said.trim_end().rsplit_once("is ready on ") {
            let url = url.to_owned();
            return Serving { child, out, url };
        }
    }
}

pub fn ran(output: Output) -> Ran {
    Ran {
        status: output.status,
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A program that ends with the test, however that ends.
pub struct Started(Child);

/// Starts a command that the test stops, kills or waits for.
pub fn start(mut command: Command) -> Started {
    Started(command.spawn().unwrap())
}

impl Started {
    /// Asks it to stop.
    pub fn ask_to_stop(&self) {
        let id = self.0.id().to_string();
        assert!(Command::new("kill").arg(id).status().unwrap().success());
    }

    pub fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    pub fn wait(&mut self) -> ExitStatus {
        self.0.wait().unwrap()
    }

    /// How it has ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().unwrap()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // It has ended already, or the test failed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub struct Serving {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
    pub url: String,
}

impl Serving {
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Asks the server to stop and waits for its end; gives what else it printed.
    pub fn stop(mut self) -> (ExitStatus, String) {
        let id = self.process().to_string();
        assert!(Command::new("kill").arg(&id).status().unwrap().success());
        let mut said = String::new();
        std::io::Read::read_to_string(&mut self.out, &mut said).unwrap();
        (self.child.wait().unwrap(), said)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It has ended already, or the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether a file is readable and writable by its owner alone.
pub fn is_private(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o777 == 0o600
}
