//! The fewest pushes that solve a board: A* (Hart, Nilsson & Raphael 1968) over the pushes, with
//! squares that are dead for a box pruned.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::board::{Board, Direction, Push};

/// What a search of limited size knows of a board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A solution of the fewest pushes; empty for a board that is solved already.
    Solved(Vec<Push>),
    /// Every state was seen, or cannot be solved for a reason that holds for all that follow it.
    Unsolvable,
    /// The cap was met before either was known. It counts as unsolved, never as unsolvable.
    Unknown,
}

/// Searches at most `cap` states of `board`, a state being the cells of the boxes and the region
/// in which the player can walk.
pub fn solve(board: &Board, cap: usize) -> Verdict {
    let mut search = Search {
        board,
        distances: goal_distances(board),
        nodes: Vec::new(),
        cheapest: HashMap::new(),
        open: BinaryHeap::new(),
    };
    search.meet(board.boxes.clone(), board.player, None, 0);
    let mut searched = 0;
    while let Some((_, _, Reverse(at))) = search.open.pop() {
        let Node { ref boxes, player, pushes, .. } = search.nodes[at];
        if boxes.iter().all(|&cell| board.goals[usize::from(cell)]) {
            return Verdict::Solved(search.pushes_to(at));
        }
        if searched == cap {
            return Verdict::Unknown;
        }
        let boxes = boxes.clone();
        let walk = board.walk(&boxes, player);
        // A dearer way to a state that was met again stays in the heap; it is passed over here.
        if search.cheapest[&key(&boxes, &walk)] < pushes {
            continue;
        }
        searched += 1;
        for (index, &cell) in boxes.iter().enumerate() {
            for direction in Direction::ALL {
                let target = board.next(cell, direction);
                let open = walk[usize::from(board.behind(cell, direction))];
                if open && board.is_free(target, &boxes) {
                    let mut pushed = boxes.clone();
                    pushed[index] = target;
                    if !is_frozen(board, &pushed, target) {
                        let push = (at, board.push_at(cell, direction));
                        pushed.sort_unstable();
                        search.meet(pushed, cell, Some(push), pushes + 1);
                    }
                }
            }
        }
    }
    Verdict::Unsolvable
}

struct Node {
    boxes: Vec<u16>,
    player: u16,
    pushes: usize,
    /// The node before and the push that led here.
    from: Option<(usize, Push)>,
}

/// The boxes, and the first cell of the player's region.
type Key = (Vec<u16>, usize);

fn key(boxes: &[u16], walk: &[bool]) -> Key {
    let first = walk.iter().position(|&reached| reached);
    (boxes.to_vec(), first.expect("the player's own cell is reached"))
}

struct Search<'a> {
    board: &'a Board,
    /// For each goal the fewest pushes of a single box from each cell.
    distances: Vec<Vec<Option<usize>>>,
    nodes: Vec<Node>,
    /// The fewest pushes to each state so far.
    cheapest: HashMap<Key, usize>,
    /// Nodes by the least number of pushes through them, then by pushes done; then first come.
    open: BinaryHeap<(Reverse<usize>, usize, Reverse<usize>)>,
}

impl Search<'_> {
    fn meet(&mut self, boxes: Vec<u16>, player: u16, from: Option<(usize, Push)>, pushes: usize) {
        let Some(left) = self.least_pushes(&boxes) else { return };
        let key = key(&boxes, &self.board.walk(&boxes, player));
        let cheapest = self.cheapest.entry(key).or_insert(usize::MAX);
        if pushes < *cheapest {
            *cheapest = pushes;
            self.open.push((Reverse(pushes + left), pushes, Reverse(self.nodes.len())));
            self.nodes.push(Node { boxes, player, pushes, from });
        }
    }

    /// A lower bound on the pushes that solve the boxes, each on its own goal and not in the way
    /// of the others; `None` where even so they cannot be solved.
    fn least_pushes(&self, boxes: &[u16]) -> Option<usize> {
        /// Beyond so many boxes matching them exactly costs more than it saves.
        const MATCHED: usize = 8;
        let distance = |goal: usize, cell: u16| self.distances[goal][usize::from(cell)];
        let goals = self.distances.len();
        if boxes.len() > MATCHED {
            let nearest = |&cell: &u16| (0..goals).filter_map(|goal| distance(goal, cell)).min();
            return boxes.iter().map(nearest).sum();
        }
        // Least sum for the first boxes on each set of as many goals (Held & Karp 1962).
        let mut least = vec![None; 1 << goals];
        least[0] = Some(0);
        for taken in 0..least.len() {
            let Some(sum) = least[taken] else { continue };
            let Some(&cell) = boxes.get(taken.count_ones() as usize) else { continue };
            for goal in (0..goals).filter(|goal| taken & (1 << goal) == 0) {
                let Some(pushes) = distance(goal, cell) else { continue };
                let best: &mut Option<usize> = &mut least[taken | (1 << goal)];
                *best = Some(best.map_or(sum + pushes, |best| best.min(sum + pushes)));
            }
        }
        least[least.len() - 1]
    }

    fn pushes_to(&self, mut at: usize) -> Vec<Push> {
        let mut pushes = Vec::new();
        while let Some((from, push)) = self.nodes[at].from {
            pushes.push(push);
            at = from;
        }
        pushes.reverse();
        pushes
    }
}

/// For each goal and cell the pushes that a lone box needs, found by pulling it from the goal. A
/// cell without any is dead.
fn goal_distances(board: &Board) -> Vec<Vec<Option<usize>>> {
    let goals = (0..board.goals.len()).filter(|&cell| board.goals[cell]);
    goals
        .map(|goal| {
            let mut distances = vec![None; board.walls.len()];
            distances[goal] = Some(0);
            let mut queue = vec![goal as u16];
            let mut next = 0;
            while next < queue.len() {
                let cell = queue[next];
                let pushes = distances[usize::from(cell)].map(|pushes: usize| pushes + 1);
                for direction in Direction::ALL {
                    let before = board.behind(cell, direction);
                    if board.walls[usize::from(before)] {
                        continue;
                    }
                    let player = board.behind(before, direction);
                    if !board.walls[usize::from(player)] && distances[usize::from(before)].is_none()
                    {
                        distances[usize::from(before)] = pushes;
                        queue.push(before);
                    }
                }
                next += 1;
            }
            distances
        })
        .collect()
}

/// Whether the box just pushed to `cell` lies in a square of four that can never be parted, with a
/// box beside a goal.
fn is_frozen(board: &Board, boxes: &[u16], cell: u16) -> bool {
    let vertical = [Direction::Up, Direction::Down];
    let horizontal = [Direction::Left, Direction::Right];
    vertical.into_iter().any(|up| {
        horizontal.into_iter().any(|side| {
            let beside = board.next(cell, side);
            let over = board.next(cell, up);
            let square = [cell, beside, over, board.next(over, side)];
            square.iter().all(|&cell| !board.is_free(cell, boxes))
                && square
                    .iter()
                    .any(|&cell| !board.walls[usize::from(cell)] && !board.goals[usize::from(cell)])
        })
    })
}

#[cfg(test)]
mod tests {
    use generativa::data::Grid;

    use super::*;

    fn board(rows: &[&str]) -> Board {
        let grid = Grid::from_rows(rows).expect("rows of one length");
        Board::read(&grid).expect("a playable board")
    }

    fn replay(board: &Board, pushes: &[Push]) -> Board {
        pushes.iter().fold(board.clone(), |board, &push| board.after(push).expect("a legal push"))
    }

    #[test]
    fn a_corridor_takes_as_many_pushes_as_it_has_cells() {
        let corridor = board(&["@$   ."]);
        let Verdict::Solved(pushes) = solve(&corridor, 100) else { panic!("unsolved") };
        assert_eq!(pushes.len(), 4);
        assert!(replay(&corridor, &pushes).is_solved());
    }

    #[test]
    fn a_player_walks_round_a_box_to_turn_it() {
        let turn = board(&["     ", " $   ", "    .", "@    "]);
        let Verdict::Solved(pushes) = solve(&turn, 1_000) else { panic!("unsolved") };
        assert_eq!(pushes.len(), 4);
        assert!(replay(&turn, &pushes).is_solved());
    }

    #[test]
    fn two_boxes_in_a_row_cannot_be_pushed_together() {
        assert_eq!(solve(&board(&["@$$.."]), 100), Verdict::Unsolvable);
    }

    #[test]
    fn a_solved_board_needs_no_push() {
        assert_eq!(solve(&board(&["@*"]), 1), Verdict::Solved(Vec::new()));
    }

    #[test]
    fn a_box_in_a_corner_is_unsolvable_and_a_cap_is_unknown() {
        let corner = board(&["$  ", "  .", "@  "]);
        assert_eq!(solve(&corner, 1), Verdict::Unsolvable);
        let open = board(&["      ", " $  $ ", "      ", "@ .  .", "      "]);
        assert_eq!(solve(&open, 1), Verdict::Unknown);
        assert!(matches!(solve(&open, 10_000), Verdict::Solved(_)));
    }

    #[test]
    fn a_square_of_boxes_off_their_goals_is_frozen() {
        let square = board(&["    ", " $$ ", " $$ ", "@   ", "...."]);
        // No wall is near, so no cell is dead for a single box.
        assert!(is_frozen(&square, &square.boxes, square.boxes[0]));
        assert_eq!(solve(&square, 10), Verdict::Unsolvable);
    }

    #[test]
    fn solutions_are_of_the_fewest_pushes() {
        // Breadth-first search over the same rules, without bound or pruning.
        for index in 0..40 {
            let mut stream = generativa_random::Stream::item(1, "boards", index);
            let mut cells: Vec<u8> = b"@$$..####".to_vec();
            cells.resize(25, b' ');
            stream.shuffle(&mut cells);
            let rows: Vec<&[u8]> = cells.chunks(5).collect();
            let board = Board::read(&Grid::from_rows(&rows).expect("five rows")).expect("a board");
            let fewest = fewest_pushes(&board);
            match solve(&board, usize::MAX) {
                Verdict::Solved(pushes) => {
                    assert_eq!(Some(pushes.len()), fewest, "{board:?}");
                    assert!(replay(&board, &pushes).is_solved());
                }
                verdict => assert_eq!((verdict, fewest), (Verdict::Unsolvable, None), "{board:?}"),
            }
        }
    }

    fn fewest_pushes(board: &Board) -> Option<usize> {
        let state = |board: &Board| key(&board.boxes, &board.walk(&board.boxes, board.player));
        let mut seen = std::collections::HashSet::from([state(board)]);
        let mut layer = vec![board.clone()];
        for pushes in 0.. {
            if layer.iter().any(Board::is_solved) {
                return Some(pushes);
            }
            let mut next = Vec::new();
            for board in &layer {
                for &cell in &board.boxes {
                    for direction in Direction::ALL {
                        let after = board.after(board.push_at(cell, direction));
                        next.extend(after.filter(|board| seen.insert(state(board))));
                    }
                }
            }
            if next.is_empty() {
                return None;
            }
            layer = next;
        }
        None
    }
}
