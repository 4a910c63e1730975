// A server without any care for errors: what its operators and its handler throw, and what the server itself emits, must not
// end the process.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tap } from 'rxjs';
import { requests } from '../../../../lib/adapters/node.js';
import { background, withCancel } from '../../../../lib/index.js';
import { listenerCount } from '../../../../lib/testing/index.js';

const [ctx, cancel] = withCancel(background());
const server = createServer();
const handlers: Record<string, () => unknown> = {
  '/throws': () => {
    throw new Error('thrown');
  },
  '/rejects': () => Promise.reject(new Error('rejected')),
};
requests(ctx, server)
  .pipe(
    tap(({ req }) => {
      if (req.url === '/operator') throw new Error('of an operator');
    }),
  )
  .subscribe(({ req }) => handlers[req.url!]!() as undefined);
await once(server.listen(0, '127.0.0.1'), 'listening');
const { port } = server.address() as AddressInfo;
for (const path of ['/operator', ...Object.keys(handlers)]) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  console.log(path, response.status);
}
server.emit('error', new Error('of the server'));
console.log('listeners', listenerCount(ctx));
cancel();
server.close();
server.closeAllConnections();
