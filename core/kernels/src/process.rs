//! Settings of the process, worth as much as a kernel.

/// Tunes allocator and idle threads for training; call it first thing in `main`.
///
/// - The memory of freed tensors is kept for the next ones instead of handed back to the system.
///   Every step of a training frees what the next step asks for again. glibc hands blocks of some
///   megabytes back at once, and the system clears and maps them page by page when they return: for
///   a cheap function of 64 MiB that takes three times as long as the function. The process then
///   holds the most memory that it ever needed. Other systems' allocators are left alone.
/// - candle's own threads, which add gradients, spin for 25,000 rounds before they sleep, and take
///   a processor from our threads meanwhile: a GRU on two cores loses a fifth of its time. They now
///   sleep after 1,000, unless the variable `CANDLE_BARRIER_POOL_SPIN_LIMIT` says otherwise. Only on
///   Linux, and only where no other thread runs yet.
pub fn tune_process() {
    const SPINS: &str = "CANDLE_BARRIER_POOL_SPIN_LIMIT";
    let tasks = std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
    if tasks == 1 && std::env::var_os(SPINS).is_none() {
        #[expect(unsafe_code, reason = "the environment is candle's only switch")]
        // SAFETY: this is the only thread, so no other reads the environment meanwhile.
        unsafe {
            std::env::set_var(SPINS, "1000");
        }
    }
    keep_freed_memory();
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
