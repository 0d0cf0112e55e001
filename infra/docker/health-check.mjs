// Exit 0 when the process in this container says that it is ready, else 1.
const port = process.env.MXFLOW_HEALTH_PORT ?? '9100';

try {
  const response = await fetch(`http://127.0.0.1:${port}/ready`, { signal: AbortSignal.timeout(4000) });
  process.stdout.write(await response.text());
  process.exitCode = response.ok ? 0 : 1;
} catch (error) {
  process.stdout.write(`no answer on port ${port}: ${error.message}\n`);
  process.exitCode = 1;
}
