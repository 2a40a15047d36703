//! Random commands, answers and events: whatever comes, the invariants hold.
