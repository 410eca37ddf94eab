//! The image that the tests run: a static busybox, imported through the engine's API. No registry is asked.

use std::error::Error;

use bollard::query_parameters::CreateImageOptionsBuilder;
use bytes::Bytes;
use futures_util::{TryStreamExt, stream};
use tokio::sync::OnceCell;

/// Its reference.
pub(crate) const IMAGE: &str = "skiff-test/busybox:1";

const PROGRAMS: [&str; 9] = ["sh", "sleep", "cat", "echo", "nslookup", "id", "stat", "touch", "nc"];
const BLOCK: usize = 512;

/// Makes the image once in this process, unless the engine has it.
pub(crate) async fn ensure() -> Result<(), Box<dyn Error>> {
    static MADE: OnceCell<()> = OnceCell::const_new();
    MADE.get_or_try_init(make).await.copied()
}

async fn make() -> Result<(), Box<dyn Error>> {
    let engine = bollard::Docker::connect_with_local_defaults()?;
    if engine.inspect_image(IMAGE).await.is_ok() {
        return Ok(());
    }
    let busybox = std::fs::read("/bin/busybox").map_err(|error| format!("/bin/busybox (busybox-static): {error}"))?;
    let mut archive = entry("bin/busybox", b'0', "", &busybox);
    for program in PROGRAMS {
        archive.extend(entry(&format!("bin/{program}"), b'2', "busybox", &[]));
    }
    archive.extend([0; 2 * BLOCK]);
    let options = CreateImageOptionsBuilder::new().from_src("-").repo("skiff-test/busybox").tag("1").build();
    let body = bollard::body_stream(stream::iter([Bytes::from(archive)]));
    engine.create_image(Some(options), Some(body), None).try_collect::<Vec<_>>().await?;
    Ok(())
}

/// A file (`0`) or a symbolic link (`2`) of an archive in the format of tar(5).
fn entry(path: &str, kind: u8, link: &str, content: &[u8]) -> Vec<u8> {
    let size = format!("{:011o}\0", content.len());
    let head = |checksum: &str| {
        let fields: [(&[u8], usize); 10] = [
            (path.as_bytes(), 100),
            (b"0000755\0", 8),
            (b"0000000\0", 8),
            (b"0000000\0", 8),
            (size.as_bytes(), 12),
            (b"00000000000\0", 12),
            (checksum.as_bytes(), 8),
            (&[kind], 1),
            (link.as_bytes(), 100),
            (b"ustar\x0000", 8),
        ];
        let mut head = Vec::with_capacity(BLOCK);
        for (bytes, width) in fields {
            let end = head.len() + width;
            head.extend_from_slice(bytes);
            head.resize(end, 0);
        }
        head.resize(BLOCK, 0);
        head
    };
    let sum: u32 = head("        ").iter().map(|byte| u32::from(*byte)).sum();
    let mut entry = head(&format!("{sum:06o}\0 "));
    entry.extend_from_slice(content);
    entry.resize(entry.len().next_multiple_of(BLOCK), 0);
    entry
}
