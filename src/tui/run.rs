//! The loop: input first, one draw, no tick unless the model names a time.
