/** The watchdog's own process: SIGKILL for its parent when no sign of life came on stdin for the time given. */
const worker = Number(process.argv[2]);
const limitMs = Number(process.argv[3]);

// Ctrl-C goes to the whole group: the worker stops in order, and its end closes our stdin.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

let timer = setTimeout(end, limitMs);
process.stdin.on('data', () => {
  clearTimeout(timer);
  timer = setTimeout(end, limitMs);
});
process.stdin.on('end', () => clearTimeout(timer));

function end(): void {
  // Only the parent that we were started by: its number may be another's by now.
  if (process.ppid === worker) process.kill(worker, 'SIGKILL');
}
