//! The end of a process, said once to everything that has to stop in order.

use tokio::sync::watch;

/// Says that the process is about to end.
#[derive(Debug)]
pub struct Drain(watch::Sender<bool>);

impl Default for Drain {
    fn default() -> Drain {
        Drain(watch::channel(false).0)
    }
}

impl Drain {
    /// From now on nothing new is begun.
    pub fn begin(&self) {
        self.0.send_replace(true);
    }

    /// Whether the process is about to end.
    pub fn has_begun(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until the process is about to end.
    pub async fn begun(&self) {
        // The sender is held here: it cannot be gone.
        let _ = self.0.subscribe().wait_for(|begun| *begun).await;
    }

    /// For whoever works until then.
    pub fn watch(&self) -> watch::Receiver<bool> {
        self.0.subscribe()
    }
}
