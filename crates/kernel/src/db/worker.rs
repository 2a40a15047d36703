//! Threads that run closures in transactions, and the queue in front of them.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::{AsDbError, DbError, Tx};

/// What a transaction is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Purpose {
    Read,
    Change,
    Housekeeping,
}

/// A closure with its result, seen without its types by the thread that runs it.
pub(super) trait Task: Send {
    fn purpose(&self) -> Purpose;
    /// Runs the closure; false when its changes must be taken back.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;
    /// The transaction could not be kept: the result becomes this error.
    fn fail(&mut self, error: DbError);
    /// Hands the result to the caller.
    fn finish(self: Box<Self>);
}

struct Pending<T, E, F> {
    purpose: Purpose,
    work: Arc<F>,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Task for Pending<T, E, F>
where
    T: Send,
    E: From<DbError> + Send,
    F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + Sync,
{
    fn purpose(&self) -> Purpose {
        self.purpose
    }

    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        // A panic in one use case must not take the writer thread, and so everybody, with it.
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (self.work)(tx)));
        let result = outcome.unwrap_or_else(|_| {
            Err(DbError::Engine("a use case panicked; nothing of it was kept".to_owned()).into())
        });
        let unjournalled = self.purpose == Purpose::Change && tx.changed && !tx.journalled;
        let result = result.and_then(|value| match tx.failed.take() {
            Some(swallowed) => Err(swallowed.into()),
            None if unjournalled => Err(DbError::Unjournalled.into()),
            None => Ok(value),
        });
        let keep = result.is_ok();
        self.result = Some(result);
        keep
    }

    fn fail(&mut self, error: DbError) {
        self.result = Some(Err(error.into()));
    }

    fn finish(self: Box<Self>) {
        let result = self.result.unwrap_or_else(|| Err(DbError::Engine("not run".into()).into()));
        // The caller may have gone away (client closed the connection): its change stays.
        let _ = self.reply.send(result);
    }
}

type Queue = crossbeam_channel::Sender<Box<dyn Task>>;

/// The queues in front of the threads; when they are dropped the threads end.
pub(super) struct Pool {
    pub(super) writers: Queue,
    pub(super) readers: Queue,
}

impl Pool {
    pub(super) async fn submit<T, E, F>(&self, purpose: Purpose, work: Arc<F>) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + AsDbError + Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + Sync + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let task = Box::new(Pending { purpose, work, result: None, reply });
        let queue = if purpose == Purpose::Read { &self.readers } else { &self.writers };
        queue.try_send(task).map_err(|full| match full {
            crossbeam_channel::TrySendError::Full(_) => DbError::Busy,
            crossbeam_channel::TrySendError::Disconnected(_) => {
                DbError::Unavailable("its threads have ended".to_owned())
            }
        })?;
        answer.await.unwrap_or_else(|_| {
            Err(DbError::Unavailable("the thread that ran it has ended".to_owned()).into())
        })
    }
}
