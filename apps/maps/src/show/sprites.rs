//! Figures and things, drawn by hand: one text a row, one letter of the palette a pixel.

use super::tile::TILE;

/// Rows from top to bottom; `.` is clear.
pub(super) type Sprite = [&'static str; TILE];

/// A horned imp: the enemy of the platform levels.
pub(super) const IMP: Sprite = [
    "................",
    "................",
    "..##........##..",
    "..#Y#......#g#..",
    "..#yy######gg#..",
    "...##PPPppp##...",
    "..#PPPpppppqq#..",
    ".#PP##pppp##qq#.",
    ".#PPww#pp#wwqq#.",
    ".#Ppw#wppw#wpq#.",
    ".#Ppwwwppwwwpq#.",
    ".#pppppppppppq#.",
    ".#qpp#wpwp#pqq#.",
    "..#qpp####pqq#..",
    "..#rr##qq##ee#..",
    "..####....####..",
];

/// A coin in the air.
pub(super) const COIN: Sprite = [
    "................",
    "................",
    "................",
    ".....######.....",
    "....#YYYyyg#....",
    "...#YYyyyyyg#...",
    "...#YyyYYygg#...",
    "...#YyyYoygg#...",
    "...#YyyYoggg#...",
    "...#YyyYoggo#...",
    "...#yyyyoggo#...",
    "...#yyyyygoo#...",
    "....#gggooo#....",
    ".....######.....",
    "................",
    "................",
];

/// Set into blocks that hold something.
pub(super) const STAR: Sprite = [
    "................",
    "................",
    "................",
    ".......oo.......",
    "......oYYo......",
    "......oYYo......",
    "...oooYYYYooo...",
    "...oYYYYYYYYo...",
    "....oYYYYYYo....",
    ".....oYYYYo.....",
    "....oYYYYYYo....",
    "....oYYooYYo....",
    "....ooo..ooo....",
    "................",
    "................",
    "................",
];

/// A barrel on its rest, muzzle to the left.
pub(super) const CANNON: Sprite = [
    "................",
    "..###...........",
    ".#SSs########...",
    ".#Ssx#SSSSsss##.",
    "#Sssx#SsssssxS##",
    "#SssX#sssssssxs#",
    "#ssxX#ssssssxxx#",
    "#ssxX#sssxxxxxx#",
    "#sxxX#xxxxxxxXX#",
    "#sxXX#xxxxxxXX##",
    ".#xX##XXXXXXX##.",
    ".#xX##########..",
    "..##BBBbbbbd#...",
    "...#BBbbbbbdd#..",
    "..#BBbbbbbbbdd#.",
    "..############..",
];

/// A key on the floor.
pub(super) const KEY: Sprite = [
    "................",
    "................",
    "................",
    "................",
    "...####.........",
    "..#YYyy#........",
    ".#YY##yg#.......",
    ".#Yy..#g#######.",
    ".#Yy..#YYYYyyyy#",
    ".#yy..#gggggggg#",
    ".#yy##gg###gg#g#",
    "..#yggg#..#oo#o#",
    "...####....##.#.",
    "................",
    "................",
    "................",
];

/// A chest with fittings of gold.
pub(super) const CHEST: Sprite = [
    "................",
    "................",
    "..############..",
    ".#gBBBBBBBBBBg#.",
    "#YgBbbbbbbbbbgo#",
    "#YgBbbbbbbbbdgo#",
    "#yggggggggggggo#",
    "################",
    "#YgBbb#YY#bbdgo#",
    "#YgBbb#yg#bbdgo#",
    "#ygbbbb##bbbdgo#",
    "#ygbbbbbbbbbdgo#",
    "#ygdddddddddDgo#",
    ".#oDDDDDDDDDDo#.",
    "..############..",
    "................",
];

/// The monster of the roguelike.
pub(super) const SLIME: Sprite = [
    "................",
    "................",
    "................",
    "......####......",
    "....##NNnn##....",
    "...#NNNNnnnn#...",
    "..#NNwNnnnnnm#..",
    "..#NwNnnnnnnm#..",
    ".#NN##nnn##nmm#.",
    ".#Nn#wnnn#wnmm#.",
    ".#nn##nnn##nmm#.",
    ".#nnnn###nnnmm#.",
    ".#mnnn#e#nnmmm#.",
    "..#mmmmmmmmmm#..",
    "...##########...",
    "................",
];

/// The monster of the rooms.
pub(super) const BAT: Sprite = [
    "................",
    "................",
    "................",
    ".##...#..#...##.",
    "#Rr##.#rr#.##re#",
    "#Rrrr#RRrr#rree#",
    "#Rrr#RRrrrr#rre#",
    "#Rrr#r##r##e#re#",
    "#rr#rrw#rw#e#ee#",
    "#r#.#rrrrre#.#e#",
    ".#..#rwrrwe#..#.",
    ".....#eeee#.....",
    "......####......",
    "................",
    "................",
    "................",
];

/// A worker with a cap.
pub(super) const PLAYER: Sprite = [
    "................",
    ".....######.....",
    "....#UUuuuv#....",
    "...#UUuuuuuv#...",
    "..#uuuuuuuuvv#..",
    "..############..",
    "...#kk#kk#kK#...",
    "...#kk#kk#kK#...",
    "...#kkkkkkKK#...",
    "....##kkkK##....",
    "...#rr####re#...",
    "..#Rr#UUuv#ee#..",
    "..#kk#Uuuv#kK#..",
    "...###uuvv###...",
    "....#dd##dD#....",
    "....########....",
];
