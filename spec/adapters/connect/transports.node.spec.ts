import { behaves } from './lab/behaviour.js';
import { kinds } from './lab/lab.js';
import { servers } from './lab/servers.js';

// HTTP/1.1 has no stream in both directions at a time.
for (const [name, start] of Object.entries(servers)) {
  behaves(name, start, name.endsWith('1.1') ? kinds.filter((kind) => kind !== 'chat') : kinds);
}
