//! What a statement does: reads, writes, transaction control, dangerous forms.
