import { createServer } from 'node:http';

// A service as the supervisor sees one: ready on its health port, ended by SIGTERM; told to die by GET /die.
const server = createServer((request, response) => {
  response.end('ok');
  if (request.url === '/die') process.exit(1);
});
server.listen(Number(process.env['MXFLOW_HEALTH_PORT']), '127.0.0.1');
process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
});
if (process.env['REFUSES'] !== undefined) process.exit(78);
