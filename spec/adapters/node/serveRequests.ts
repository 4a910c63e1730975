// Servers whose requests go to a handler of the spec, under a context and on a clock of their own.
import type { Observable } from 'rxjs';
import { requests } from '../../../lib/adapters/node.js';
import type { AnyRequest, HttpRequest, RequestContextOptions } from '../../../lib/adapters/node.js';
import { background, withCancel, withScheduler } from '../../../lib/index.js';
import { Clock } from '../../helpers/clock.js';
import { transports, until, useServers } from './servers.js';
import type { Transport } from './servers.js';

export type Handle = (request: HttpRequest<AnyRequest>, seen: number) => unknown;

export interface ServeOptions extends RequestContextOptions {
  readonly transport?: Transport;
  /** What comes between `requests` and the handler. */
  readonly pipe?: (source: Observable<HttpRequest<AnyRequest>>) => Observable<HttpRequest<AnyRequest>>;
}

/** For the specs of one `describe`. */
export function useRequests() {
  const servers = useServers();

  async function serve(
    handle: Handle = () => {},
    { transport = transports[0]!, pipe = (source) => source, ...limits }: ServeOptions = {},
  ) {
    const clock = new Clock(Date.now());
    const [parent, cancel] = withCancel(withScheduler(background(), clock));
    const { server, port, ask } = await servers.pair(transport, undefined, 40);
    const seen: HttpRequest<AnyRequest>[] = [];
    const all = requests(parent, server, limits) as Observable<HttpRequest<AnyRequest>>;
    const subscription = pipe(all).subscribe((request) => {
      seen.push(request);
      return handle(request, seen.length);
    });
    return {
      ...{ parent, cancel, clock, server, port, ask, seen, subscription },
      /** Waits for so many requests, and lets the time of all of them pass. */
      async expire(count = 1) {
        await until(() => seen.length >= count);
        clock.advance(1000);
      },
    };
  }

  return { ...servers, serve };
}

/** What a client sends that does not wait long: `expire` is longer. */
export const soon = { 'connect-timeout-ms': '900' };

export const answered = (status: number, body: string) => jasmine.objectContaining({ status, body, whole: true });
export const deadline = answered(504, 'Gateway Timeout');
export const closing = answered(503, 'Service Unavailable');
export const failure = answered(500, 'Internal Server Error');
