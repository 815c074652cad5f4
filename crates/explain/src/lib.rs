//! Every hop of one request, and the object and line that decides it.
