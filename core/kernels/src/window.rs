//! An image and the kernel that moves over it.

/// One image and how a kernel moves over it; all pairs are (vertical, horizontal).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    /// Height and width of the image.
    pub(crate) image: (usize, usize),
    /// Height and width of the kernel.
    pub(crate) kernel: (usize, usize),
    /// Pixels from one position to the next.
    pub(crate) stride: (usize, usize),
    /// Pixels from one tap of the kernel to the next.
    pub(crate) dilation: (usize, usize),
    /// Zeros above and to the left of the image.
    pub(crate) padding: (usize, usize),
    /// Zeros below and to the right of the image.
    pub(crate) behind: (usize, usize),
}

impl Window {
    /// Whether the kernel gets from one position and one tap to the next.
    pub(crate) fn moves(&self) -> bool {
        self.stride.0 * self.stride.1 * self.dilation.0 * self.dilation.1 > 0
    }

    /// Pixels that the kernel spans beyond its first.
    pub(crate) fn reach(&self) -> (usize, usize) {
        let Self { kernel, dilation, .. } = self;
        ((kernel.0.max(1) - 1) * dilation.0, (kernel.1.max(1) - 1) * dilation.1)
    }

    /// Numbers of kernel positions, `None` where the kernel exceeds the padded image.
    pub(crate) fn positions(&self) -> Option<(usize, usize)> {
        let along = |padded: usize, reach: usize, stride: usize| {
            Some(padded.checked_sub(reach + 1)? / stride + 1)
        };
        let (reach, padded) = (self.reach(), self.padded());
        Some((along(padded.0, reach.0, self.stride.0)?, along(padded.1, reach.1, self.stride.1)?))
    }

    /// Height and width of the image whose positions are `positions`, the last `extra` rows and
    /// columns seen by none; `None` where nothing is left or `extra` would make room for another.
    pub(crate) fn image_of(
        &self,
        positions: (usize, usize),
        extra: (usize, usize),
    ) -> Option<(usize, usize)> {
        let along = |count: usize, stride: usize, reach: usize, padding: usize, extra: usize| {
            let size = count.checked_sub(1)? * stride + reach + 1 + extra;
            size.checked_sub(padding).filter(|&size| size > 0 && extra < stride)
        };
        let (reach, padding) = (self.reach(), self.padding);
        let padding = (padding.0 + self.behind.0, padding.1 + self.behind.1);
        Some((
            along(positions.0, self.stride.0, reach.0, padding.0, extra.0)?,
            along(positions.1, self.stride.1, reach.1, padding.1, extra.1)?,
        ))
    }

    /// Height and width of the image with its zeros.
    fn padded(&self) -> (usize, usize) {
        let Self { image, padding, behind, .. } = self;
        (image.0 + padding.0 + behind.0, image.1 + padding.1 + behind.1)
    }

    /// The same over the image as one row where every position sees its own pixel alone.
    pub(crate) fn flattened(self) -> Self {
        let pointwise = self.kernel == (1, 1) && self.stride == (1, 1);
        if pointwise && self.padded() == self.image {
            Self { image: (1, self.image.0 * self.image.1), ..self }
        } else {
            self
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Conv;

    #[test]
    fn a_kernel_larger_than_the_padded_image_has_no_position() {
        let window = Conv { padding: (0, 1), ..Conv::PLAIN }.window((3, 3), (2, 6));
        assert_eq!(window.positions(), None);
    }
}
