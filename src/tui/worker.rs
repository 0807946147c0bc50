//! The only place where app meets adapters: an effect becomes a call, its result a message.
