import type { Observable, Subscriber } from 'rxjs';
import type { Listener } from '../core/tree.js';

/** Hands the source on to `subscriber`, which `listener` ends: that comes first, for a source that is synchronous would outrun it. */
export function mirror<T>(source: Observable<T>, subscriber: Subscriber<T>, listener: Listener): void {
  subscriber.add(listener);
  if (!subscriber.closed) source.subscribe(subscriber);
}
