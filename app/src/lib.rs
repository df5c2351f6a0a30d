mod components;
mod forms;
mod format;
pub mod pages;
