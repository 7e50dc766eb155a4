//! The points nearest to a place, exactly, without looking at all of them: a k-d tree (Friedman,
//! Bentley & Finkel 1977) with distances to boxes kept up as the search goes down (Arya & Mount 1993).

/// Points of a leaf, whose distances are computed together.
const LEAF: usize = 16;
/// Part of a distance to a box that rounding may have added.
const ROUNDING: f32 = 1e-5;

/// Points of `N` coordinates, by number.
#[derive(Clone, Debug)]
pub(super) struct KdTree<const N: usize> {
    nodes: Vec<Node>,
    leaves: Vec<Leaf<N>>,
}

#[derive(Clone, Copy, Debug)]
enum Node {
    Split { axis: usize, at: f32, children: [u32; 2] },
    Leaf(u32),
}

#[derive(Clone, Debug)]
struct Leaf<const N: usize> {
    /// Each coordinate of all points together; infinite where there is no point.
    coordinates: [[f32; LEAF]; N],
    numbers: [u32; LEAF],
}

impl<const N: usize> KdTree<N> {
    /// Of these finite points, at least one, which keep their places as numbers.
    pub(super) fn new(points: &[[f32; N]]) -> Self {
        assert!(!points.is_empty(), "a tree has at least one point");
        let mut tree = Self { nodes: Vec::new(), leaves: Vec::new() };
        let mut numbers: Vec<u32> = (0..points.len() as u32).collect();
        tree.grow(points, &mut numbers);
        tree
    }

    /// The number of the point nearest to `to`; of several, the lowest.
    pub(super) fn nearest(&self, to: &[f32; N]) -> usize {
        let mut best = (f32::INFINITY, u32::MAX);
        self.search(0, to, (&mut [0.0; N], 0.0), best.0, &mut |distance, number| {
            if distance < best.0 || (distance == best.0 && number < best.1) {
                best = (distance, number);
            }
            best.0
        });
        best.1 as usize
    }

    /// Numbers of the `count` points nearest to `to`, the nearest first; of points at one distance,
    /// the lowest. All, where there are fewer.
    pub(super) fn nearest_few(&self, to: &[f32; N], count: usize) -> Vec<u32> {
        let mut found: Vec<(f32, u32)> = Vec::with_capacity(2 * count + LEAF);
        let mut limit = f32::INFINITY;
        let order = |a: &(f32, u32), b: &(f32, u32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
        self.search(0, to, (&mut [0.0; N], 0.0), limit, &mut |distance, number| {
            if distance <= limit {
                found.push((distance, number));
            }
            // Now and then is enough.
            if found.len() >= 2 * count {
                found.select_nth_unstable_by(count - 1, order);
                found.truncate(count);
                limit = found[count - 1].0;
            }
            limit
        });
        found.sort_unstable_by(order);
        found.into_iter().take(count).map(|(_, number)| number).collect()
    }

    /// The place of a new node that holds these points.
    fn grow(&mut self, points: &[[f32; N]], numbers: &mut [u32]) -> u32 {
        let place = self.nodes.len();
        if numbers.len() <= LEAF {
            self.nodes.push(Node::Leaf(self.leaves.len() as u32));
            let mut leaf =
                Leaf { coordinates: [[f32::INFINITY; LEAF]; N], numbers: [u32::MAX; LEAF] };
            for (at, &number) in numbers.iter().enumerate() {
                leaf.numbers[at] = number;
                for (axis, own) in leaf.coordinates.iter_mut().enumerate() {
                    own[at] = points[number as usize][axis];
                }
            }
            self.leaves.push(leaf);
            return place as u32;
        }
        let value = |number: &u32, axis: usize| points[*number as usize][axis];
        let width = |axis: usize| {
            let values = numbers.iter().map(|number| value(number, axis));
            let ends = values.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), value| {
                (low.min(value), high.max(value))
            });
            ends.1 - ends.0
        };
        let widths: [f32; N] = std::array::from_fn(width);
        let axis = (0..N).max_by(|&a, &b| widths[a].total_cmp(&widths[b])).unwrap_or(0);
        let middle = numbers.len() / 2;
        numbers.select_nth_unstable_by(middle, |a, b| {
            value(a, axis).total_cmp(&value(b, axis)).then(a.cmp(b))
        });
        let at = value(&numbers[middle], axis);
        self.nodes.push(Node::Split { axis, at, children: [0; 2] });
        let (low, high) = numbers.split_at_mut(middle);
        let children = [self.grow(points, low), self.grow(points, high)];
        self.nodes[place] = Node::Split { axis, at, children };
        place as u32
    }

    /// Shows `see` every point that may be within `limit`, or the one that it returned last, and returns
    /// that. `reached`: how far `to` is from the box of the node along each axis, and its squared
    /// distance.
    fn search(
        &self,
        node: u32,
        to: &[f32; N],
        reached: (&mut [f32; N], f32),
        limit: f32,
        see: &mut impl FnMut(f32, u32) -> f32,
    ) -> f32 {
        let (apart, distance) = reached;
        match self.nodes[node as usize] {
            Node::Leaf(leaf) => self.leaves[leaf as usize].show(to, limit, see),
            Node::Split { axis, at, children } => {
                let beyond = to[axis] - at;
                let [near, far] = if beyond < 0.0 { children } else { [children[1], children[0]] };
                let limit = self.search(near, to, (apart, distance), limit, see);
                let before = apart[axis];
                let further = distance - before * before + beyond * beyond;
                if further * (1.0 - ROUNDING) > limit {
                    return limit;
                }
                apart[axis] = beyond;
                let limit = self.search(far, to, (apart, further), limit, see);
                apart[axis] = before;
                limit
            }
        }
    }
}

impl<const N: usize> Leaf<N> {
    fn show(&self, to: &[f32; N], limit: f32, see: &mut impl FnMut(f32, u32) -> f32) -> f32 {
        let mut distances = [0.0f32; LEAF];
        for (values, to) in self.coordinates.iter().zip(to) {
            for (distance, value) in distances.iter_mut().zip(values) {
                let apart = value - to;
                *distance += apart * apart;
            }
        }
        // Most leaves hold nothing near, which four lanes tell sooner than one after the other.
        let mut least = [f32::INFINITY; 4];
        for four in distances.as_chunks::<4>().0 {
            for (least, distance) in least.iter_mut().zip(four) {
                *least = if *distance < *least { *distance } else { *least };
            }
        }
        if least.iter().all(|distance| *distance > limit) {
            return limit;
        }
        let mut limit = limit;
        for (distance, &number) in distances.into_iter().zip(&self.numbers) {
            // The rest of a leaf that is not full.
            if number == u32::MAX {
                break;
            }
            limit = see(distance, number);
        }
        limit
    }
}

#[cfg(test)]
mod tests {
    use generativa_random::Stream;

    use super::*;

    fn apart<const N: usize>(a: &[f32; N], b: &[f32; N]) -> f32 {
        a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
    }

    /// Whether the tree finds what looking at all points does.
    fn agrees<const N: usize>(points: &[[f32; N]], places: &[[f32; N]], few: usize) {
        let tree = KdTree::new(points);
        for place in places {
            let mut all: Vec<u32> = (0..points.len() as u32).collect();
            let distance = |number: &u32| apart(&points[*number as usize], place);
            all.sort_by(|a, b| distance(a).total_cmp(&distance(b)).then(a.cmp(b)));
            assert_eq!(tree.nearest(place), all[0] as usize);
            assert_eq!(tree.nearest_few(place, few), all[..few.min(all.len())]);
        }
    }

    #[test]
    fn a_tree_finds_what_looking_at_all_points_does() {
        let mut stream = Stream::named(1, "points");
        for count in [1, 15, 16, 17, 100, 2_000] {
            let mut draw = |scale: f32| -> [f32; 7] {
                std::array::from_fn(|axis| scale * stream.normal() as f32 * (axis + 1) as f32)
            };
            let points: Vec<_> = (0..count).map(|_| draw(1.0)).collect();
            let places: Vec<_> = (0..60).map(|_| draw(1.5)).collect();
            agrees(&points, &places, 30);
            agrees(&points, &points[..points.len().min(60)], 3);
        }
    }

    #[test]
    fn of_points_at_one_distance_the_lowest_is_found() {
        let mut stream = Stream::named(2, "points");
        // A coarse grid, on which many coincide.
        let mut draw = || -> [f32; 3] { std::array::from_fn(|_| stream.below(4) as f32) };
        let points: Vec<_> = (0..500).map(|_| draw()).collect();
        let places: Vec<_> = (0..60).map(|_| draw()).collect();
        agrees(&points, &places, 40);
        agrees(&[[1.0; 3]; 100], &places, 10);
    }
}
