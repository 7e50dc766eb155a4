//! Loops compiled twice: for every processor of the architecture, and for the wider vectors that
//! most have.

/// Runs `work` compiled for 256-bit vectors where the processor has them.
///
/// The result has the same bits either way: a loop may do more elements at once, but it fuses no
/// multiplication with an addition and sums in the order that is written. What `work` calls must be
/// `#[inline(always)]`, or it is compiled for every processor after all.
#[inline(always)]
pub(crate) fn widest<T>(work: impl FnOnce() -> T) -> T {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[expect(unsafe_code, reason = "the processor was asked for the feature")]
        // SAFETY: avx2 is there.
        return unsafe { with_avx2(work) };
    }
    work()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2<T>(work: impl FnOnce() -> T) -> T {
    work()
}

/// A function that does what [`widest`] does with an expression of its arguments. For work that
/// is too long to be copied into both callers of a closure; what it calls must still be
/// `#[inline(always)]`.
macro_rules! widest_fn {
    ($(#[$doc:meta])* $visible:vis fn $name:ident($($arg:ident: $type:ty),*) $(-> $out:ty)? = $body:expr) => {
        $(#[$doc])*
        $visible fn $name($($arg: $type),*) $(-> $out)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn wide($($arg: $type),*) $(-> $out)? {
                    $body
                }
                if std::arch::is_x86_feature_detected!("avx2") {
                    #[expect(unsafe_code, reason = "the processor was asked for the feature")]
                    // SAFETY: avx2 is there.
                    return unsafe { wide($($arg),*) };
                }
            }
            $body
        }
    };
}
pub(crate) use widest_fn;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exponential::exp;

    #[test]
    fn wide_loops_give_the_bits_of_narrow_ones() {
        let values: Vec<f32> = (0..1003).map(|n| (n as f32 * 0.37).sin() * 9.0).collect();
        let work = || {
            let mut lanes = [0.0f32; 8];
            let all = values.as_chunks::<8>().0;
            all.iter().for_each(|block| {
                lanes.iter_mut().zip(block).for_each(|(lane, &x)| *lane += exp(x) * x + 1.0);
            });
            lanes.map(f32::to_bits)
        };
        assert_eq!(widest(work), work());
    }
}
