//! What people look at: tables, curves, pictures, the page.

pub mod axis;
pub mod curves;
pub mod markup;
pub mod page;
pub mod picture;
pub mod readme;
pub mod table;

pub use curves::Chart;
pub use page::Page;
pub use picture::Picture;
pub use table::Table;
