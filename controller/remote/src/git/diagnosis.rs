//! What git's own words mean for whoever has to mend it.

use super::{GitAddress, Reference, Transport};

/// What stands in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// Nobody answers, or not in time: it may mend itself.
    Away,
    /// The other side does not let us in, or is not who it says it is.
    Denied,
    /// There is no such repository, branch, tag or commit.
    Missing,
    /// Something else.
    Other,
}

/// What git's words come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// What stands in the way.
    pub obstacle: Obstacle,
    /// Git's own sentence.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// Reads what git wrote to its standard error.
pub fn diagnose(words: &str, address: &GitAddress) -> Diagnosis {
    let lower = words.to_lowercase();
    let has = |signs: &[&str]| signs.iter().any(|sign| lower.contains(sign));
    if let (Reference::Commit(id), true) = (&address.reference, has(&["not our ref", "couldn't find remote ref"])) {
        let help =
            "is it pushed, and every digit right? some hosts give no commit that no branch or tag leads to any more";
        let message = format!("there is no commit {id}");
        return Diagnosis { obstacle: Obstacle::Missing, message, help: help.to_owned() };
    }
    if has(&["^{commit}"]) {
        let help = "name a branch, a commit, or the tag of a commit";
        let message = format!("`{}` names no commit", address.reference);
        return Diagnosis { obstacle: Obstacle::Missing, message, help: help.to_owned() };
    }
    let (obstacle, help) = if has(&["no space left on device", "disk quota exceeded"]) {
        (Obstacle::Other, "make room on the disk of the state directory; it is asked again".to_owned())
    } else if has(&["identification has changed"]) {
        let help = "somebody may listen in, or the host was set up anew: compare its key with what its owner publishes, and only then put it \
                    in the place of the old one in the file of `known-hosts=`, or in ~/.ssh/known_hosts";
        (Obstacle::Denied, help.to_owned())
    } else if has(&["host key verification failed", "no matching host key"]) {
        let help = "put the host's key into the file of `known-hosts=`, or into ~/.ssh/known_hosts: \
                    `ssh-keyscan HOST` shows it, compare it with what its owner publishes";
        (Obstacle::Denied, help.to_owned())
    } else if has(&["permission denied (", "too many authentication failures", "load key"]) {
        (
            Obstacle::Denied,
            "name a key that the host knows: `?ssh-key=/etc/skiff/id_ed25519`, of mode 0600 and without a passphrase"
                .to_owned(),
        )
    } else if has(&["certificate", "ssl"]) {
        (
            Obstacle::Denied,
            "name the authority that signed the server's certificate: `?ca-file=/etc/skiff/ca.pem`".to_owned(),
        )
    } else if has(&[
        "could not read username",
        "authentication failed",
        "could not read password",
        "error: 401",
        "error: 403",
    ]) {
        (Obstacle::Denied, denied(address))
    } else if has(&["dubious ownership"]) {
        (Obstacle::Denied, "let the repository belong to the user that skiff runs as".to_owned())
    } else if has(&[
        "could not resolve",
        "failed to connect",
        "couldn't connect",
        "connection refused",
        "connection timed out",
        "timed out",
        "connection reset",
        "network is unreachable",
        "no route to host",
        "could not connect",
        "error: 5",
        "early eof",
        "hung up unexpectedly",
        "operation too slow",
    ]) && !has(&["not found", "does not appear to be a git repository"])
    {
        (
            Obstacle::Away,
            "is the host right, and reachable from here? what runs stays as it is; it is asked again".to_owned(),
        )
    } else if has(&[
        "not found",
        "does not appear to be a git repository",
        "does not exist",
        "not our ref",
        "couldn't find remote ref",
    ]) {
        (Obstacle::Missing, missing(address))
    } else {
        (Obstacle::Other, format!("try it by hand: `git ls-remote {}`", address.url))
    };
    Diagnosis { obstacle, message: sentence(words), help }
}

fn denied(address: &GitAddress) -> String {
    match (&address.token_file, address.transport) {
        (Some(file), _) => format!("is the token in {} right, may it read the repository, and is `user={}` its user?", file.display(), address.user),
        (None, Transport::Https) => "write a token that may read the repository into a file of mode 0600 and name it: `?token-file=/etc/skiff/git.token`".to_owned(),
        (None, Transport::Http | Transport::Ssh | Transport::File) => "the repository is not for everybody: use git+https:// with a token, or git+ssh:// with a key".to_owned(),
    }
}

fn missing(address: &GitAddress) -> String {
    match address.transport {
        Transport::File => "is the path right? `git init --bare` makes a repository there".to_owned(),
        Transport::Https | Transport::Http | Transport::Ssh => {
            "is the address right? hosts say the same of a repository that one may not read: then a token or key helps"
                .to_owned()
        }
    }
}

/// The sentence that says most: what the other side wrote, else git's last complaint.
fn sentence(words: &str) -> String {
    let lines = || words.lines().map(str::trim).filter(|line| !line.is_empty());
    let told = lines().find_map(|line| line.strip_prefix("ERROR: ").or_else(|| line.strip_prefix("remote: ")));
    // What is wrong with a key comes before that the other side knows none; what ssh says, before that git could not read.
    let ssh = SSH.iter().find_map(|sign| lines().find(|line| line.contains(sign)));
    let fatal = lines().find_map(|line| line.strip_prefix("fatal: "));
    let error = lines().find_map(|line| line.strip_prefix("error: "));
    let sentence = ssh.or(told).or(fatal).or(error).or_else(|| lines().next_back()).unwrap_or("git says nothing");
    sentence.trim_matches(['@', ' ', '.', '!']).chars().filter(|c| !c.is_control()).take(300).collect()
}

/// What marks the lines of ssh that say why, those first that say most.
const SSH: [&str; 7] = [
    "IDENTIFICATION HAS CHANGED",
    "are too open",
    "Load key",
    "host key is known for",
    "Host key verification failed",
    "Permission denied",
    "ssh: ",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Remote;

    fn told(address: &str, words: &str) -> (Obstacle, String) {
        let Some(Ok(Remote::Git(address))) = Remote::parse(address) else { panic!("no address: {address}") };
        let Diagnosis { obstacle, message, help } = diagnose(words, &address);
        assert!(!help.is_empty());
        (obstacle, message)
    }

    #[test]
    fn the_words_of_git_and_ssh_are_sorted_by_what_mends_them() {
        let https = "git+https://example.com/shop.git";
        let ssh = "git+ssh://git@example.com/shop.git";
        let cases = [
            (
                https,
                "fatal: could not read Username for 'https://example.com': terminal prompts disabled",
                Obstacle::Denied,
            ),
            (
                https,
                "remote: HTTP Basic: Access denied\nfatal: Authentication failed for 'https://example.com/shop.git/'",
                Obstacle::Denied,
            ),
            (https, "fatal: unable to access 'https://x/': Could not resolve host: x", Obstacle::Away),
            (https, "fatal: unable to access 'https://x/': The requested URL returned error: 503", Obstacle::Away),
            (
                https,
                "fatal: unable to access 'https://x/': SSL certificate problem: self-signed certificate",
                Obstacle::Denied,
            ),
            (https, "remote: Repository not found.\nfatal: repository 'https://x/' not found", Obstacle::Missing),
            (https, "fatal: couldn't find remote ref refs/heads/x", Obstacle::Missing),
            (
                ssh,
                "No ED25519 host key is known\nHost key verification failed.\nfatal: Could not read from remote repository.",
                Obstacle::Denied,
            ),
            (
                ssh,
                "git@example.com: Permission denied (publickey).\nfatal: Could not read from remote repository.",
                Obstacle::Denied,
            ),
            (
                ssh,
                "ssh: connect to host x port 22: Connection refused\nfatal: Could not read from remote repository.",
                Obstacle::Away,
            ),
            (
                ssh,
                "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\nHost key verification failed.\nfatal: Could not read from remote repository.",
                Obstacle::Denied,
            ),
            ("git+file:///srv/x", "fatal: '/srv/x' does not appear to be a git repository", Obstacle::Missing),
            (https, "fatal: bad object", Obstacle::Other),
        ];
        let id = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(
            told(&format!("{https}?ref={id}"), &format!("fatal: remote error: upload-pack: not our ref {id}")),
            (Obstacle::Missing, format!("there is no commit {id}"))
        );
        for (address, words, expected) in cases {
            assert_eq!(told(address, words).0, expected, "{words}");
        }
    }

    #[test]
    fn the_sentence_that_says_most_is_told() {
        let of = |words: &str| told("git+ssh://git@example.com/shop.git", words).1;
        assert_eq!(
            of("Host key verification failed.\r\nfatal: Could not read from remote repository.\n\nPlease make sure"),
            "Host key verification failed"
        );
        let after = "\r\nfatal: Could not read from remote repository.\n\nPlease make sure";
        let cases = [
            (
                "@@@@@\r\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r\n@@@@@\r\nHost key verification failed.",
                "WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED",
            ),
            (
                "Permissions 0644 for '/k' are too open.\nLoad key \"/k\": bad permissions\ngit@h: Permission denied (publickey).",
                "Permissions 0644 for '/k' are too open",
            ),
            (
                "Load key \"/k\": invalid format\ngit@h: Permission denied (publickey).",
                "Load key \"/k\": invalid format",
            ),
            (
                "No ED25519 host key is known for h and you have requested strict checking.\nHost key verification failed.",
                "No ED25519 host key is known for h and you have requested strict checking",
            ),
            (
                "ssh: connect to host h port 22: Connection refused",
                "ssh: connect to host h port 22: Connection refused",
            ),
        ];
        for (words, sentence) in cases {
            assert_eq!(of(&format!("{words}{after}")), sentence);
        }
        assert_eq!(of("fatal: repository 'x' not found\n"), "repository 'x' not found");
        assert_eq!(of(""), "git says nothing");
        assert_eq!(of("fatal: a\x1b[31mb"), "a[31mb");
    }
}
