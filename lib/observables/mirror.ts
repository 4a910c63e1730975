import type { Observable, Subscriber, Unsubscribable } from 'rxjs';

/** Hands the source on to `subscriber`, which `stop` ends: that comes first, for a source that is synchronous would outrun it. */
export function mirror<T>(source: Observable<T>, subscriber: Subscriber<T>, stop: Unsubscribable): void {
  subscriber.add(stop);
  if (!subscriber.closed) source.subscribe(subscriber);
}
