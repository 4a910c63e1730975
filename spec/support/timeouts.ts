// How long a spec may take before it counts as hanging. Two things are slow without being wrong: a busy machine, and Chromium,
// which may wait 5 s for the rest of a response that was aborted between two reads, before it closes the connection.
jasmine.DEFAULT_TIMEOUT_INTERVAL = 30_000;
