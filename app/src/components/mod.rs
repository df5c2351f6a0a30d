mod empty;
mod icon;
mod loading;
mod problem_note;
pub use empty::Empty;
pub use icon::{Icon, Shape};
pub use loading::Loading;
pub use problem_note::ProblemNote;
