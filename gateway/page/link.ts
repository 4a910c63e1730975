import { Observable, retry } from 'rxjs';
import { takeUntilCtx, type Context } from 'rxjs-ctx';
import type { ViewerEvents } from '../protocol.js';

/** What the gateway says, and that it says nothing any more. */
export type Told =
  | { [Name in keyof ViewerEvents]: { readonly name: Name; readonly data: ViewerEvents[Name] } }[keyof ViewerEvents]
  | { readonly name: 'lost' };

const names = ['hello', 'marks', 'totals'] as const;

/** The events for a viewer, until ctx is done. After a failure the gateway is asked again, until it answers. */
export function link(ctx: Context, viewer: string): Observable<Told> {
  return new Observable<Told>((subscriber) => {
    const source = new EventSource(`/events?viewer=${viewer}`);
    for (const name of names) {
      source.addEventListener(name, ({ data }: MessageEvent<string>) => {
        const told = { name, data: JSON.parse(data) as unknown };
        subscriber.next(told as Told);
      });
    }
    source.addEventListener('error', () => {
      subscriber.next({ name: 'lost' });
      subscriber.error(new Error('the gateway does not answer'));
    });
    return () => source.close();
  }).pipe(retry({ delay: 1_000 }), takeUntilCtx(ctx));
}
