//! What sleeps goes on when its time has come.
