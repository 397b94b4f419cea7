//! Two sides of a connection that has become a WebSocket, joined until it ends.

use std::time::Duration;

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::Notify,
    time::timeout,
};

/// Bytes that pass at once from one side to the other: most messages are shorter.
const PIECE: usize = 8 * 1024;
/// Time for both sides to take their goodbye.
const GOODBYE: Duration = Duration::from_secs(5);

/// Passes on what both sides say, until either of them ends, both are silent for `quiet`, or it is `over`.
pub(super) async fn joined<C, A>(client: C, app: A, quiet: Duration, over: impl Future<Output = ()>)
where
    C: AsyncRead + AsyncWrite,
    A: AsyncRead + AsyncWrite,
{
    let (mut from_client, mut to_client) = tokio::io::split(client);
    let (mut from_app, mut to_app) = tokio::io::split(app);
    let moved = Notify::new();
    // Cancel-safe: what is on its way is given up with the connection.
    tokio::select! {
        _ = one_way(&mut from_client, &mut to_app, &moved) => {}
        _ = one_way(&mut from_app, &mut to_client, &moved) => {}
        () = silence(&moved, quiet) => {}
        () = over => {}
    }
    let goodbye = async { tokio::join!(to_client.shutdown(), to_app.shutdown()) };
    // Whoever does not take it finds the connection closed.
    let _ = timeout(GOODBYE, goodbye).await;
}

async fn one_way(from: &mut (impl AsyncRead + Unpin), to: &mut (impl AsyncWrite + Unpin), moved: &Notify) -> std::io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let read = from.read(&mut piece).await?;
        let Some(piece) = piece.get(..read).filter(|piece| !piece.is_empty()) else { return Ok(()) };
        moved.notify_one();
        to.write_all(piece).await?;
        to.flush().await?;
    }
}

async fn silence(moved: &Notify, quiet: Duration) {
    while timeout(quiet, moved.notified()).await.is_ok() {}
}

#[cfg(test)]
mod tests {
    use tokio::io::{DuplexStream, duplex};

    use super::*;

    const QUIET: Duration = Duration::from_millis(900);

    /// A client and an app, and what joins them.
    fn sides() -> (DuplexStream, DuplexStream, tokio::task::JoinHandle<()>) {
        let ((client, at_client), (app, at_app)) = (duplex(64), duplex(64));
        (client, app, tokio::spawn(joined(at_client, at_app, QUIET, std::future::pending())))
    }

    #[tokio::test]
    async fn two_that_say_nothing_are_parted() {
        let (mut client, mut app, task) = sides();
        let begun = std::time::Instant::now();
        let mut heard = [0];
        for _ in 0..4 {
            // waits: for a part of the time that both may be silent.
            tokio::time::sleep(QUIET / 3).await;
            client.write_all(b"x").await.expect("it takes");
            app.read_exact(&mut heard).await.expect("it gives");
        }
        task.await.expect("an end");
        assert!(begun.elapsed() >= QUIET * 2, "one that speaks is enough");
        assert_eq!(client.read(&mut heard).await.expect("an end"), 0);
    }

    #[tokio::test]
    async fn the_last_words_arrive() {
        let (mut client, mut app, task) = sides();
        app.write_all(b"goodbye").await.expect("it takes");
        drop(app);
        let mut heard = Vec::new();
        client.read_to_end(&mut heard).await.expect("an end");
        assert_eq!(heard, b"goodbye");
        task.await.expect("an end");
    }
}
