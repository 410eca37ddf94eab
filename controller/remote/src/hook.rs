//! Whether a call of a webhook comes from who knows the secret.
//!
//! GitHub, Gitea and Forgejo sign the body; GitLab sends the secret itself. A call only makes the source be asked at once, so one that
//! is played again harms nobody.

use std::fmt;

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

/// The secret that both sides know.
#[derive(Clone, PartialEq, Eq)]
pub struct HookSecret(Vec<u8>);

/// What a call says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HookHeaders {
    /// `X-Hub-Signature-256` (`sha256=…`), or the bare digits of `X-Gitea-Signature`.
    pub signature: Option<String>,
    /// `X-Gitlab-Token`.
    pub token: Option<String>,
}

/// A proof under way: the body is added piece by piece, and never kept.
#[derive(Clone)]
pub struct HookProof {
    secret: HookSecret,
    mac: Hmac<Sha256>,
}

impl HookSecret {
    /// The secret, as a file holds it: without the line's end.
    ///
    /// # Errors
    /// When it is too short to be one.
    pub fn new(text: &[u8]) -> Result<Self, String> {
        let secret = text.trim_ascii();
        if secret.len() < SHORTEST {
            return Err(format!(
                "a secret of {} characters is guessed too easily, use at least {SHORTEST}",
                secret.len()
            ));
        }
        Ok(Self(secret.to_vec()))
    }

    /// Whether a text is the secret itself. Digests are of one length, and comparing them tells nothing of the texts.
    pub fn is(&self, text: &str) -> bool {
        Sha256::digest(text.as_bytes()) == Sha256::digest(&self.0)
    }

    /// Begins a proof.
    pub fn proof(&self) -> HookProof {
        // Any length is a key.
        let mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        HookProof { secret: self.clone(), mac }
    }
}

const SHORTEST: usize = 16;

impl HookProof {
    /// Adds a piece of the body.
    pub fn add(&mut self, piece: &[u8]) {
        self.mac.update(piece);
    }

    /// Whether the call is genuine. Takes the same time however much of it is right.
    pub fn holds(self, headers: &HookHeaders) -> bool {
        match headers {
            HookHeaders { signature: Some(signature), .. } => {
                let digits = signature.strip_prefix("sha256=").unwrap_or(signature);
                bytes(digits).is_some_and(|expected| self.mac.verify_slice(&expected).is_ok())
            }
            HookHeaders { signature: None, token: Some(token) } => self.secret.is(token),
            HookHeaders { signature: None, token: None } => false,
        }
    }
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let pair = |pair: &[u8]| u8::try_from(digit(pair.first()?)? * 16 + digit(pair.get(1)?)?).ok();
    (digits.len() == 64).then(|| digits.as_bytes().chunks(2).map(pair).collect()).flatten()
}

/// Shows nothing of the secret.
impl fmt::Debug for HookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HookSecret")
    }
}

/// Shows nothing of the secret.
impl fmt::Debug for HookProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HookProof")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of GitHub's documentation.
    const SECRET: &str = "It's a Secret to Everybody\n";
    const SIGNATURE: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    fn holds(body: &[&str], headers: &HookHeaders) -> bool {
        let mut proof = HookSecret::new(SECRET.as_bytes()).expect("a secret").proof();
        for piece in body {
            proof.add(piece.as_bytes());
        }
        proof.holds(headers)
    }

    fn signed(signature: &str) -> HookHeaders {
        HookHeaders { signature: Some(signature.to_owned()), token: None }
    }

    #[test]
    fn a_signed_body_holds_in_any_pieces_and_no_other_body_or_signature_does() {
        assert!(holds(&["Hello, World!"], &signed(SIGNATURE)));
        assert!(holds(&["Hello", ", World!"], &signed(SIGNATURE.trim_start_matches("sha256="))));
        assert!(!holds(&["Hello, World?"], &signed(SIGNATURE)));
        for wrong in
            ["", "sha256=", "sha256=75", "sha1=757107ea", &SIGNATURE.replace('7', "8"), &SIGNATURE.replace("75", "7ü")]
        {
            assert!(!holds(&["Hello, World!"], &signed(wrong)), "{wrong}");
        }
    }

    #[test]
    fn a_token_is_the_secret_itself_and_a_wrong_signature_is_not_made_good_by_it() {
        let token = |text: &str| HookHeaders { signature: None, token: Some(text.to_owned()) };
        assert!(holds(&["{}"], &token(SECRET.trim())));
        assert!(!holds(&["{}"], &token("It's a Secret")));
        assert!(!holds(&["{}"], &HookHeaders { signature: Some("sha256=00".to_owned()), ..token(SECRET.trim()) }));
        assert!(!holds(&["{}"], &HookHeaders::default()));
    }

    #[test]
    fn a_secret_that_is_guessed_easily_is_none() {
        assert!(HookSecret::new(b"hunter2\n").is_err());
        assert_eq!(format!("{:?}", HookSecret::new(SECRET.as_bytes())), "Ok(HookSecret)");
    }
}
