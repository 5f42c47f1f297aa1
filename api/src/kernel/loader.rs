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
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
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
pub struct Loaders(Mutex<HashMap<TypeId, Box<dyn Queue>>>);

impl Loaders {
    fn queues(&self) -> MutexGuard<'_, HashMap<TypeId, Box<dyn Queue>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask<B: Batch>(&self, key: B::Key) -> oneshot::Receiver<Result<B::Value, Error>> {
        let (answer, waits) = oneshot::channel();
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

/// Runs an operation's future and, at its poll boundaries, its loaders.
pub async fn drive<F: Future>(op: &Op, future: F) -> F::Output {
    let mut future = pin!(future);
    let mut running = FuturesUnordered::new();
    std::future::poll_fn(move |context| {
        let bell = Arc::new(Bell {
            outer: context.waker().clone(),
            rang: AtomicBool::new(false),
        });
        let waker = Waker::from(Arc::clone(&bell));
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return Poll::Ready(output);
            }
            // Woken already: the task will be polled again, and more questions may come.
            if bell.rang.load(Ordering::Acquire) {
                return Poll::Pending;
            }
            let queues: Vec<_> = op.loaders().queues().drain().map(|(_, queue)| queue).collect();
            running.extend(queues.into_iter().map(|queue| queue.run(op.clone())));
            // An answer rings the bell of whoever waits for it.
            while let Poll::Ready(Some(())) = running.poll_next_unpin(context) {}
            if !bell.rang.swap(false, Ordering::AcqRel) {
                return Poll::Pending;
            }
        }
    })
    .await
}
