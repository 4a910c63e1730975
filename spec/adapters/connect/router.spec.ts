import { createRouterTransport } from '@connectrpc/connect';
import { behaves } from './lab/behaviour.js';

behaves('in memory', (routes) =>
  Promise.resolve({ transport: createRouterTransport(routes), stop: () => Promise.resolve() }),
);
