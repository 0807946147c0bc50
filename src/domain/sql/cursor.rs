//! What the place under the cursor wants.
