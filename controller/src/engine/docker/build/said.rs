//! What a build has said, as far as it explains how it failed.

/// The step that a build is at, and its last word.
#[derive(Debug, Default)]
pub(super) struct Said {
    step: Option<String>,
    last: String,
}

/// How much of a line is shown.
const LONGEST: usize = 200;

/// How lines begin that tell of layers and their containers.
const OF_NO_USE: [&str; 3] = ["--->", "Removing intermediate container", "Successfully"];

/// What the classic builder says of options that only `BuildKit` has.
const ONLY_BUILDKIT: [&str; 3] = ["requires BuildKit", "Unknown flag", "unknown flag"];

impl Said {
    /// Takes what was said in; returns its last line, where it has one that says something to people.
    pub(super) fn take(&mut self, text: &str) -> Option<&str> {
        let is_of_use = |line: &&str| !line.is_empty() && !OF_NO_USE.iter().any(|sign| line.starts_with(sign));
        let line = text.lines().map(str::trim).rfind(is_of_use)?;
        let line: String = line.chars().take(LONGEST).collect();
        if line.starts_with("Step ") {
            self.step = Some(line.clone());
        }
        self.last = line;
        Some(&self.last)
    }

    /// How it failed: at which step, with what error, after which last word, and what to do.
    pub(super) fn failure(&self, error: &str) -> String {
        let step = self.step.as_ref().map(|step| format!("{step}: ")).unwrap_or_default();
        let is_said = self.last.is_empty() || self.last.starts_with("Step ") || error.contains(&self.last);
        let last = if is_said { String::new() } else { format!(" ({})", self.last) };
        format!("{step}{error}{last}; {}", remedy(error))
    }
}

fn remedy(error: &str) -> &'static str {
    let has = |signs: &[&str]| signs.iter().any(|sign| error.contains(sign));
    if has(&ONLY_BUILDKIT) {
        return "Skiff builds without BuildKit: leave that option out, or build the image beforehand and name it in `image`";
    }
    if has(&["unknown instruction"]) {
        return "mend the Dockerfile; here-documents (`<<`) need BuildKit, without which Skiff builds";
    }
    if has(&["pull access denied", "unauthorized", "manifest unknown", "manifest for", "no basic auth"]) {
        return "check the name after FROM, or `docker login` to its registry as the user that runs Skiff";
    }
    "mend the Dockerfile or its context: what has changed is tried at once"
}
