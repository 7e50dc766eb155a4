//! Settings of the process, worth as much as a kernel.

use crate::second_order;

/// Prepares allocator, idle threads and tape for training; call it first thing in `main`, before
/// any thread is started.
///
/// - The memory of freed tensors is kept for the next ones instead of handed back to the system.
///   Every step of a training frees what the next step asks for again. glibc hands blocks of some
///   megabytes back at once, and the system clears and maps them page by page when they return: for
///   a cheap function of 64 MiB that takes three times as long as the function. The process then
///   holds the most memory that it ever needed. Other systems' allocators are left alone.
/// - candle's own threads, which add gradients, spin for 25,000 rounds before they sleep, and take
///   a processor from our threads meanwhile: a GRU on two cores loses a fifth of its time. They now
///   sleep after 1,000, unless the variable `CANDLE_BARRIER_POOL_SPIN_LIMIT` says otherwise.
/// - candle keeps the graphs of gradients, see [`backward_with_graph`](crate::backward_with_graph).
pub fn prepare_process() {
    for (variable, value) in
        [("CANDLE_BARRIER_POOL_SPIN_LIMIT", "1000"), (second_order::SWITCH, "1")]
    {
        if is_alone() && std::env::var_os(variable).is_none() {
            #[expect(unsafe_code, reason = "the environment is candle's only switch")]
            // SAFETY: no other thread reads the environment meanwhile: Linux says that there is
            // none, and elsewhere `main` has not started any.
            unsafe {
                std::env::set_var(variable, value);
            }
        }
    }
    keep_freed_memory();
}

/// Whether this is the only thread, as far as the system tells.
fn is_alone() -> bool {
    std::fs::read_dir("/proc/self/task").map_or(true, |tasks| tasks.count() == 1)
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn keep_freed_memory() {
    // No block of its own for anything; nothing back from the top of the heap, which -1 makes the
    // largest number; and one heap, because the others hold no block above 64 MiB.
    let options = [(libc::M_MMAP_MAX, 0), (libc::M_TRIM_THRESHOLD, -1), (libc::M_ARENA_MAX, 1)];
    for (option, value) in options {
        #[expect(unsafe_code, reason = "a switch of the C library")]
        // SAFETY: sets a number of the allocator. A refusal changes nothing but speed.
        unsafe {
            libc::mallopt(option, value);
        }
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn keep_freed_memory() {}
