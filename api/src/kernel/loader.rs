//! Batch loaders without a timer: they run at the poll boundary.
//!
//! Resolvers of one level all ask before the operation's future goes to sleep. When a poll of it returns pending and
//! nothing has woken it meanwhile, every resolver that can run has run: that is the moment to load, with one
//! statement for all. Loaders live in the operation and carry its scope; nothing is shared between callers.

use super::error::Error;
use super::op::Op;
use super::telemetry::batch;
use async_graphql::futures_util::future::BoxFuture;
use async_graphql::futures_util::stream::FuturesUnordered;
use async_graphql::futures_util::{FutureExt, StreamExt};
use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;
use tokio::sync::oneshot;

/// Answers many questions at once.
pub trait Batch: 'static {
    /// A question.
    type Key: Send + 'static;
    /// An answer.
    type Value: Send + 'static;

    /// Answers every key, in the order of the keys.
    fn load(op: Op, keys: Vec<Self::Key>) -> impl Future<Output = Result<Vec<Self::Value>, Error>> + Send;
}

/// The rows of each key, in the order of the keys, and of the rows.
pub fn grouped<K: Eq + Hash, R: Clone>(keys: &[K], rows: Vec<R>, key: impl Fn(&R) -> K) -> Vec<Vec<R>> {
    let mut groups: HashMap<K, Vec<R>> = HashMap::new();
    for row in rows {
        groups.entry(key(&row)).or_default().push(row);
    }
    keys.iter()
        .map(|key| groups.get(key).cloned().unwrap_or_default())
        .collect()
}

struct Question<B: Batch> {
    key: B::Key,
    answer: oneshot::Sender<Result<B::Value, Error>>,
}

trait Queue: Send {
    fn as_any(&mut self) -> &mut dyn Any;
    fn run(self: Box<Self>, op: Op) -> BoxFuture<'static, ()>;
}

impl<B: Batch> Queue for Vec<Question<B>> {
    fn as_any(&mut self) -> &mut dyn Any {
        self
    }

    fn run(self: Box<Self>, op: Op) -> BoxFuture<'static, ()> {
        async move {
            let (keys, answers): (Vec<_>, Vec<_>) = self
                .into_iter()
                .map(|question| (question.key, question.answer))
                .unzip();
            let loader = std::any::type_name::<B>();
            let count = keys.len();
            match batch(loader, count, B::load(op, keys)).await {
                // Whoever no longer waits for an answer needs none.
                Ok(values) => answers
                    .into_iter()
                    .zip(values)
                    .for_each(|(answer, value)| drop(answer.send(Ok(value)))),
                Err(error) => answers
                    .into_iter()
                    .for_each(|answer| drop(answer.send(Err(error.clone())))),
            }
        }
        .boxed()
    }
}

/// The questions of one operation that wait for the next boundary.
#[derive(Default)]
pub struct Loaders {
    queues: Mutex<HashMap<TypeId, Box<dyn Queue>>>,
    is_late: AtomicBool,
}

impl Loaders {
    fn queues(&self) -> MutexGuard<'_, HashMap<TypeId, Box<dyn Queue>>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_late(&self) -> bool {
        self.is_late.load(Ordering::Acquire)
    }

    fn ask<B: Batch>(&self, key: B::Key) -> oneshot::Receiver<Result<B::Value, Error>> {
        let (answer, waits) = oneshot::channel();
        if self.is_late() {
            return waits;
        }
        let mut queues = self.queues();
        let queue = queues
            .entry(TypeId::of::<B>())
            .or_insert_with(|| Box::new(Vec::<Question<B>>::new()));
        if let Some(queue) = queue.as_any().downcast_mut::<Vec<Question<B>>>() {
            queue.push(Question { key, answer });
        }
        waits
    }
}

impl Op {
    /// Asks a loader; answered together with everything else that this level of the operation asks it.
    pub async fn load<B: Batch>(&self, key: B::Key) -> Result<B::Value, Error> {
        let waits = self.loaders().ask::<B>(key);
        match waits.await {
            Ok(answer) => answer,
            Err(_) if self.loaders().is_late() => Err(Error::Timeout { first: None }),
            Err(_) => Err(anyhow::anyhow!("a loader ended without an answer").into()),
        }
    }
}

/// Remembers whether it was woken, and passes it on.
struct Bell {
    outer: Waker,
    rang: AtomicBool,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rang.store(true, Ordering::Release);
        self.outer.wake_by_ref();
    }
}

/// A loader that panics leaves its questions without an answer; the other fields go on.
fn load(queue: Box<dyn Queue>, op: Op) -> BoxFuture<'static, ()> {
    let caught = AssertUnwindSafe(queue.run(op)).catch_unwind();
    caught.map(drop).boxed()
}

/// The operation did not end in time, and nothing that could be given up held it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Late;

/// Runs an operation's future and, at its poll boundaries, its loaders.
pub async fn drive<F: Future>(op: &Op, future: F) -> F::Output {
    match run(op, future, std::future::pending()).await {
        Ok(output) => output,
        // Its end never comes.
        Err(Late) => std::future::pending().await,
    }
}

/// As `drive`; after a time every field that waits for a loader gets [`Error::Timeout`] instead, and what is there by
/// then is the answer.
///
/// # Errors
/// If something else than a loader holds the operation by then.
pub async fn drive_within<F: Future>(op: &Op, future: F, time: Duration) -> Result<F::Output, Late> {
    run(op, future, tokio::time::sleep(time)).await
}

async fn run<F: Future>(op: &Op, future: F, end: impl Future<Output = ()>) -> Result<F::Output, Late> {
    let (mut future, mut end) = (pin!(future), pin!(end.fuse()));
    let mut running = FuturesUnordered::new();
    std::future::poll_fn(move |context| {
        let bell = Arc::new(Bell {
            outer: context.waker().clone(),
            rang: AtomicBool::new(false),
        });
        let waker = Waker::from(Arc::clone(&bell));
        let is_over = end.as_mut().poll(context).is_ready();
        if is_over {
            // Whoever waits for these is told, and their statements end with them.
            op.loaders().is_late.store(true, Ordering::Release);
            op.loaders().queues().clear();
            running.clear();
        }
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return Poll::Ready(Ok(output));
            }
            // Woken already: the task will be polled again, and more questions may come.
            if bell.rang.load(Ordering::Acquire) {
                return Poll::Pending;
            }
            if op.loaders().is_late() {
                return Poll::Ready(Err(Late));
            }
            let queues: Vec<_> = op.loaders().queues().drain().map(|(_, queue)| queue).collect();
            running.extend(queues.into_iter().map(|queue| load(queue, op.clone())));
            // An answer rings the bell of whoever waits for it.
            while let Poll::Ready(Some(())) = running.poll_next_unpin(context) {}
            if !bell.rang.swap(false, Ordering::AcqRel) {
                return Poll::Pending;
            }
        }
    })
    .await
}
