//! A lane: many small requests of one kind, gathered into sets that share a transaction.
//!
//! Where each request on its own would cost a round trip and a flush, a lane hands its handler all
//! requests that wait at the moment, up to a limit; the handler works on the set (few statements)
//! and answers each request. While one set is being written the next gathers, so there is no timer
//! and a lone request waits for nobody.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::{AsDbError, Db, DbError, Tx};

type Waiting<Q, A, E> = (Q, oneshot::Sender<Result<A, E>>);

/// A lane for requests `Q`, each answered with `A` or an error.
pub struct Lane<Q, A, E> {
    entry: mpsc::Sender<Waiting<Q, A, E>>,
}

/// Sizes of a lane.
#[derive(Clone, Copy, Debug)]
pub struct LaneLimits {
    /// Requests that may wait; more are told [`DbError::Busy`].
    pub waiting: usize,
    /// Requests of one set.
    pub set: usize,
    /// Sets that may be written at the same time (PostgreSQL; SQLite has one writer).
    pub at_once: usize,
}

impl Default for LaneLimits {
    fn default() -> Self {
        Self { waiting: 8_192, set: 256, at_once: 2 }
    }
}

impl<Q, A, E> Lane<Q, A, E>
where
    Q: Send + Sync + 'static,
    A: Send + 'static,
    E: From<DbError> + AsDbError + Clone + Send + 'static,
{
    /// Starts a lane on the current runtime. `handler` gets a set and gives one answer for each
    /// request, in order; when it fails, all requests of the set get its error.
    pub fn start(
        db: &Db,
        limits: LaneLimits,
        handler: impl Fn(&mut Tx<'_>, &[Q]) -> Result<Vec<Result<A, E>>, E> + Send + Sync + 'static,
    ) -> Self {
        let (entry, exit) = mpsc::channel(limits.waiting);
        let exit = Arc::new(tokio::sync::Mutex::new(exit));
        let handler = Arc::new(handler);
        for _ in 0..limits.at_once.max(1) {
            tokio::spawn(carry(db.clone(), exit.clone(), limits.set, handler.clone()));
        }
        Self { entry }
    }

    /// Puts a request on the lane and waits until its set is durable.
    ///
    /// # Errors
    /// [`DbError::Busy`] when too many wait, or what the handler says.
    pub async fn submit(&self, request: Q) -> Result<A, E> {
        let (reply, answer) = oneshot::channel();
        self.entry.try_send((request, reply)).map_err(|_| DbError::Busy)?;
        let ended = || DbError::Unavailable("the lane has ended".to_owned()).into();
        answer.await.unwrap_or_else(|_| Err(ended()))
    }
}

async fn carry<Q, A, E, H>(
    db: Db,
    exit: Arc<tokio::sync::Mutex<mpsc::Receiver<Waiting<Q, A, E>>>>,
    set: usize,
    handler: Arc<H>,
) where
    Q: Send + Sync + 'static,
    A: Send + 'static,
    E: From<DbError> + AsDbError + Clone + Send + 'static,
    H: Fn(&mut Tx<'_>, &[Q]) -> Result<Vec<Result<A, E>>, E> + Send + Sync + 'static,
{
    loop {
        let mut waiting = Vec::with_capacity(set);
        if exit.lock().await.recv_many(&mut waiting, set).await == 0 {
            return;
        }
        let (requests, replies): (Vec<Q>, Vec<_>) = waiting.into_iter().unzip();
        let handler = handler.clone();
        let outcome = db.write(move |tx| handler(tx, &requests)).await;
        match outcome {
            Ok(answers) => {
                debug_assert_eq!(answers.len(), replies.len(), "one answer for each request");
                for (reply, answer) in replies.into_iter().zip(answers) {
                    let _ = reply.send(answer);
                }
            }
            Err(problem) => replies.into_iter().for_each(|reply| {
                let _ = reply.send(Err(problem.clone()));
            }),
        }
    }
}
