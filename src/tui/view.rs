//! Places widgets.
use super::theme::Theme;
use crate::app::Model;
use ratatui::Frame;
/// Draws.
pub fn view(_model: &Model, _theme: Theme, _frame: &mut Frame<'_>) {}
