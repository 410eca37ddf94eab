//! The built program: where it is, one call of it, and one that keeps running.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::check::poll;

/// How the program is called in one scenario.
#[derive(Clone, Debug)]
pub struct Skiff {
    program: PathBuf,
    instance: String,
    state: PathBuf,
    host: String,
    folder: PathBuf,
}

/// A call that has ended.
#[derive(Clone, Debug, Default)]
pub struct Ended {
    /// The command line.
    pub command: String,
    /// The exit code, -1 after a signal.
    pub code: i32,
    /// The answer.
    pub stdout: String,
    /// The talk.
    pub stderr: String,
}

/// A `skiff run` in the background.
#[derive(Debug)]
pub struct Running {
    child: Child,
    log: PathBuf,
}

impl Skiff {
    /// The program for an instance, with a state directory of its own, called in `folder`.
    pub fn new(instance: &str, state: &Path, socket: &Path, folder: &Path) -> Result<Self> {
        Ok(Self {
            program: program()?.to_owned(),
            instance: instance.to_owned(),
            state: state.to_owned(),
            host: format!("unix://{}", socket.display()),
            folder: folder.to_owned(),
        })
    }

    /// A command, not yet run.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        // In front, because what follows `--` belongs to a command in a container.
        command.args(["--instance", &self.instance]).arg("--state-dir").arg(&self.state).args(args);
        command
            .env("DOCKER_HOST", &self.host)
            .env("NO_COLOR", "1")
            .env_remove("SKIFF_INSTANCE")
            .current_dir(&self.folder);
        command
    }

    /// Runs a command to its end.
    pub fn call(&self, args: &[&str], env: &[(String, String)]) -> Result<Ended> {
        let output = self.command(args).envs(env.iter().cloned()).stdin(Stdio::null()).output().context("skiff")?;
        Ok(Ended {
            command: args.join(" "),
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Starts a command that keeps running; what it says goes to `log`.
    pub fn start(&self, args: &[&str], env: &[(String, String)], log: &Path) -> Result<Running> {
        Self::begin(self.command(args), env, log)
    }

    /// As [`Self::start`]; the permissions of files hold for it, also where the test is root.
    pub fn start_bound(&self, args: &[&str], env: &[(String, String)], log: &Path) -> Result<Running> {
        let command = self.command(args);
        if !rustix::process::geteuid().is_root() {
            return Self::begin(command, env, log);
        }
        let mut bound = Command::new("setpriv");
        bound.args(["--bounding-set=-dac_override,-dac_read_search", "--"]).arg(command.get_program());
        bound.args(command.get_args()).current_dir(&self.folder);
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => bound.env(name, value),
                None => bound.env_remove(name),
            };
        }
        Self::begin(bound, env, log)
    }

    fn begin(mut command: Command, env: &[(String, String)], log: &Path) -> Result<Running> {
        let file = File::options().create(true).append(true).open(log)?;
        command.envs(env.iter().cloned()).stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        Ok(Running { child: command.spawn().context("skiff")?, log: log.to_owned() })
    }
}

impl Running {
    /// Sends a signal.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).context("a pid")?;
        Ok(kill_process(pid, signal)?)
    }

    /// Waits for its end.
    pub fn wait(&mut self, at_most: Duration) -> Result<ExitStatus> {
        let mut status = None;
        poll(at_most, || {
            status = self.child.try_wait()?;
            ensure!(status.is_some(), "skiff still runs");
            Ok(())
        })?;
        status.context("skiff still runs")
    }

    /// Whether it has not ended.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has said so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.is_alive() {
            // Asked first, so that it gives its lock back in order.
            self.signal(Signal::TERM).ok();
            let patience = Instant::now();
            if self.wait(Duration::from_secs(10)).is_err() && patience.elapsed() > Duration::from_secs(9) {
                self.child.kill().ok();
            }
            self.child.wait().ok();
        }
    }
}

/// The program at `SKIFF_BIN`; without that the debug build, built once per test run.
pub fn program() -> Result<&'static Path> {
    static PROGRAM: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let found = PROGRAM.get_or_init(|| find().map_err(|error| format!("{error:#}")));
    found.as_deref().map_err(|error| anyhow::anyhow!("{error}"))
}

fn find() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("SKIFF_BIN") {
        return Ok(path.into());
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the workspace")?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo).args(["build", "--quiet", "-p", "skiff"]).current_dir(root).status()?;
    ensure!(built.success(), "skiff does not build");
    let here = std::env::current_exe()?;
    let debug =
        here.ancestors().find(|folder| folder.join("skiff").is_file()).context("no built skiff beside the test")?;
    Ok(debug.join("skiff"))
}
