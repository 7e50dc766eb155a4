//! The two sums of a depthwise convolution that give images: its output, and the gradient of its
//! input. Both are sums over taps that see their source at fixed distances.
//!
//! A plane is laid out with its border on a canvas that stays in the cache, where a tap sees
//! neighbouring positions side by side whatever the stride.

use std::mem::take;

use rayon::prelude::*;

use super::plan::{Plan, Scratch, filter};
use crate::epilogue::Epilogue;
use crate::filled::cleared;
use crate::sight::Sight;
use crate::window::Window;
use crate::written::{TASK, Unwritten, written};

/// Images of one size, and a kernel for every channel.
#[derive(Clone, Copy)]
pub(crate) struct Planes {
    pub(crate) window: Window,
    pub(crate) channels: usize,
}

impl Planes {
    /// `y[b, c]` of `x[b, c]` and `weight[c]`.
    pub(crate) fn output(
        &self,
        x: &[f32],
        weight: &[f32],
        bias: Option<&[f32]>,
        epilogue: Epilogue,
    ) -> Vec<f32> {
        self.filtered(&Sight::of(&self.window), x, weight, bias, epilogue)
    }

    /// The transpose of [`output`](Self::output) in `x`: spreads `y[b, c]` over images.
    pub(crate) fn input(
        &self,
        y: &[f32],
        weight: &[f32],
        bias: Option<&[f32]>,
        epilogue: Epilogue,
    ) -> Vec<f32> {
        self.filtered(&Sight::transposed(&self.window), y, weight, bias, epilogue)
    }

    pub(super) fn taps(&self) -> usize {
        self.window.kernel.0 * self.window.kernel.1
    }

    fn filtered(
        &self,
        sight: &Sight,
        source: &[f32],
        weight: &[f32],
        bias: Option<&[f32]>,
        epilogue: Epilogue,
    ) -> Vec<f32> {
        let bands = sight.bands(TASK);
        let filtering = Filtering {
            plans: bands.iter().map(|band| Plan::of(sight, band)).collect(),
            parts: bands.iter().map(|band| sight.pixels(band).len()).collect(),
            taps: self.taps(),
            kernels: by_phase(sight, weight, self.taps()),
            bias,
            epilogue,
        };
        let (from, pixels) = (sight.source.0 * sight.source.1, sight.result.0 * sight.result.1);
        let together = if bands.len() > 1 { 1 } else { (TASK / pixels).max(1) };
        let length = source.len() / from * pixels;
        let (result, _) = written(length, together * pixels, 0, |task, out| {
            let first = task * together;
            let planes = source.chunks_exact(from).skip(first).take(out.len() / pixels);
            let channels = (first..).map(|plane| plane % self.channels);
            filtering.run(channels.zip(planes), pixels, out);
        });
        result
    }
}

/// Kernels whose weights lie phase by phase.
fn by_phase(sight: &Sight, weight: &[f32], taps: usize) -> Vec<f32> {
    let order = || sight.phases.iter().flat_map(|phase| &phase.taps).map(|tap| tap.index);
    weight.chunks_exact(taps).flat_map(|kernel| order().map(|tap| kernel[tap])).collect()
}

/// What is done to every plane.
struct Filtering<'a> {
    /// Of every band, and its pixels of the result.
    plans: Vec<Plan>,
    parts: Vec<usize>,
    taps: usize,
    kernels: Vec<f32>,
    bias: Option<&'a [f32]>,
    epilogue: Epilogue,
}

impl Filtering<'_> {
    /// Writes the planes of a task, each given with its channel.
    fn run<'a>(
        &self,
        planes: impl Iterator<Item = (usize, &'a [f32])>,
        pixels: usize,
        out: &mut Unwritten<'_>,
    ) {
        let mut scratch = self.plans[0].scratch();
        for (channel, plane) in planes {
            // Still in the cache when the sums go there.
            let to = cleared(out, pixels);
            match &self.plans[..] {
                [plan] => self.band(plan, to, channel, plane, &mut scratch),
                _ => self.split(to, channel, plane),
            }
        }
    }

    /// A large plane, its bands in tasks of their own.
    fn split(&self, mut to: &mut [f32], channel: usize, plane: &[f32]) {
        let part = |pixels: &usize| {
            let (part, rest) = take(&mut to).split_at_mut(*pixels);
            to = rest;
            part
        };
        let parts: Vec<&mut [f32]> = self.parts.iter().map(part).collect();
        parts.into_par_iter().zip(&self.plans).for_each(|(part, plan)| {
            self.band(plan, part, channel, plane, &mut plan.scratch());
        });
    }

    fn band(
        &self,
        plan: &Plan,
        to: &mut [f32],
        channel: usize,
        plane: &[f32],
        scratch: &mut Scratch,
    ) {
        let kernel = &self.kernels[channel * self.taps..][..self.taps];
        let bias = self.bias.map_or(0.0, |bias| bias[channel]);
        plan.lay_out(plane, &mut scratch.canvas);
        filter(plan, to, kernel, bias, scratch);
        self.epilogue.apply(to);
    }
}
