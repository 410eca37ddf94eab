//! A socket in the file system that only its owner may call.

use std::io::{Error, ErrorKind};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{UnixListener, UnixStream};

/// What calls come in by.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A socket of mode 0600 at a path, which it leaves when it ends.
#[derive(Debug)]
pub(super) struct PrivateSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl PrivateSocket {
    /// Listens at a path. What a killed process left there gives way, what somebody listens at does not, nor does any other file.
    ///
    /// # Errors
    /// When the path cannot be had.
    pub(super) fn bind(path: &Path) -> std::io::Result<Self> {
        match std::os::unix::net::UnixStream::connect(path) {
            Ok(_) => return Err(Error::from(ErrorKind::AddrInUse)),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {}
            Err(error) => return Err(error),
        }
        if std::fs::symlink_metadata(path)
            .is_ok_and(|there| !std::os::unix::fs::FileTypeExt::is_socket(&there.file_type()))
        {
            return Err(Error::new(ErrorKind::AlreadyExists, "there is another file"));
        }
        // It is nobody else's from the moment that it has its name.
        let mut new = path.as_os_str().to_owned();
        new.push(format!(".{}", std::process::id()));
        let new = PathBuf::from(new);
        std::fs::remove_file(&new).or_else(|error| (error.kind() == ErrorKind::NotFound).then_some(()).ok_or(error))?;
        let listener = UnixListener::bind(&new)?;
        let named = std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o600))
            .and_then(|()| std::fs::rename(&new, path));
        if let Err(error) = named {
            std::fs::remove_file(&new).ok();
            return Err(error);
        }
        Ok(Self { listener, path: path.to_owned() })
    }

    /// The next call.
    ///
    /// # Errors
    /// When the process has no room for it.
    pub(super) async fn accept(&self) -> std::io::Result<UnixStream> {
        self.listener.accept().await.map(|(stream, _)| stream)
    }
}

impl Drop for PrivateSocket {
    fn drop(&mut self) {
        // It may have been removed by hand.
        std::fs::remove_file(&self.path).ok();
    }
}
