//! What is said beside an answer.
use netloom_objects::{
    ObjectSet,
    unread::{Reader, Unread},
};

/// Says once what an answer does not take into account.
pub fn unread(unread: &Unread) {
    unread.sentences().iter().for_each(|sentence| say(sentence));
}

/// Says what a network that runs here does not do; gives it for programs.
pub fn not_served(objects: &ObjectSet) -> Unread {
    let unread = Unread::of(objects, Reader::Network);
    unread.of_network().iter().for_each(|sentence| say(sentence));
    unread
}

/// Says why an answer about a set without pods is empty.
pub fn no_workloads(set: &netloom_cluster::Snapshot) {
    // Stand-ins and the DNS that is added are of no manifest.
    if set.pods.iter().all(|pod| pod.origin.at.line == 0) {
        say("the manifests have no workload: nobody is there who could reach anybody");
    }
}

fn say(sentence: &str) {
    anstream::eprintln!("\x1b[1;33mnote:\x1b[0m {sentence}");
}
