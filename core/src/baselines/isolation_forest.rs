//! Isolation forest (Liu, Ting & Zhou 2008): what random cuts part from the rest early is odd.

use generativa_random::Stream;

/// Random trees, each over some of the rows.
#[derive(Clone, Debug)]
pub struct IsolationForest {
    trees: Vec<Tree>,
    /// Rows a tree.
    sample: usize,
}

/// Nodes, the root first.
#[derive(Clone, Debug)]
struct Tree(Vec<Node>);

#[derive(Clone, Copy, Debug)]
enum Node {
    /// Rows below `at` in `column` go to `below`, the others to the node after it.
    Cut { column: usize, at: f32, below: usize },
    /// So many rows ended here.
    Leaf { rows: usize },
}

impl IsolationForest {
    /// `trees` trees over at most `sample` of `rows` each; the paper's numbers are 100 and 256.
    pub fn fit(rows: &[Vec<f32>], trees: usize, sample: usize, seed: u64) -> Self {
        assert!(!rows.is_empty() && sample > 1, "trees need rows to cut");
        let sample = sample.min(rows.len());
        let depth = (sample as f64).log2().ceil() as usize;
        let tree = |index: usize| {
            let mut stream = Stream::item(seed, "isolation-forest", index as u64);
            let mut order: Vec<usize> = (0..rows.len()).collect();
            stream.shuffle(&mut order);
            let mut tree = Tree(Vec::new());
            tree.grow(rows, &mut order[..sample], depth, &mut stream);
            tree
        };
        Self { trees: (0..trees).map(tree).collect(), sample }
    }

    /// How odd `row` is, from 0 to 1 (equation 2 of the paper): a half where nothing is told.
    pub fn score(&self, row: &[f32]) -> f64 {
        let depth = |tree: &Tree| tree.depth(row);
        let mean = self.trees.iter().map(depth).sum::<f64>() / self.trees.len() as f64;
        (-mean / usual_depth(self.sample)).exp2()
    }
}

impl Tree {
    /// Appends the tree of these rows.
    fn grow(&mut self, rows: &[Vec<f32>], own: &mut [usize], depth: usize, stream: &mut Stream) {
        let place = self.0.len();
        self.0.push(Node::Leaf { rows: own.len() });
        let range = |column: usize| {
            let values = own.iter().map(|&row| rows[row][column]);
            values.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), x| {
                (low.min(x), high.max(x))
            })
        };
        if depth == 0 || own.len() < 2 {
            return;
        }
        let varied: Vec<usize> =
            (0..rows[own[0]].len()).filter(|&column| range(column).0 < range(column).1).collect();
        if varied.is_empty() {
            return;
        }
        let column = *stream.pick(&varied);
        let (low, high) = range(column);
        let at = low + (high - low) * stream.uniform() as f32;
        // A cut at the lowest value would part nothing.
        let at = if at > low { at } else { high };
        own.sort_unstable_by(|&a, &b| rows[a][column].total_cmp(&rows[b][column]).then(a.cmp(&b)));
        let (below, above) = own.split_at_mut(own.partition_point(|&row| rows[row][column] < at));
        self.grow(rows, above, depth - 1, stream);
        self.0[place] = Node::Cut { column, at, below: self.0.len() };
        self.grow(rows, below, depth - 1, stream);
    }

    /// Cuts that part `row` from the others, with the cuts that a full tree would go on to make.
    fn depth(&self, row: &[f32]) -> f64 {
        let (mut place, mut cuts) = (0, 0.0);
        loop {
            match self.0[place] {
                Node::Cut { column, at, below } => {
                    place = if row[column] < at { below } else { place + 1 };
                    cuts += 1.0;
                }
                Node::Leaf { rows } => return cuts + usual_depth(rows),
            }
        }
    }
}

/// Mean depth of an unsuccessful search in a binary tree of so many rows (equation 1).
fn usual_depth(rows: usize) -> f64 {
    match rows {
        0 | 1 => 0.0,
        2 => 1.0,
        _ => {
            let others = rows as f64 - 1.0;
            let euler = 0.577_215_664_901_532_9;
            2.0 * (others.ln() + euler) - 2.0 * others / rows as f64
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_far_from_a_cloud_is_odd_and_its_middle_is_not() {
        let mut stream = Stream::named(1, "cloud");
        let rows: Vec<Vec<f32>> = (0..500).map(|_| stream.normals(3)).collect();
        let forest = IsolationForest::fit(&rows, 100, 256, 7);
        let (middle, far) = (forest.score(&[0.0; 3]), forest.score(&[5.0, -5.0, 5.0]));
        assert!(middle < 0.5 && far > 0.7, "{middle} {far}");
        assert_eq!(
            IsolationForest::fit(&rows, 100, 256, 7).score(&[1.0; 3]),
            forest.score(&[1.0; 3])
        );
    }

    #[test]
    fn rows_that_are_all_alike_have_no_cuts() {
        let forest = IsolationForest::fit(&vec![vec![1.0, 2.0]; 8], 5, 256, 1);
        assert_eq!(forest.score(&[1.0, 2.0]), 0.5);
        assert_eq!(forest.score(&[9.0, 2.0]), 0.5);
    }
}
